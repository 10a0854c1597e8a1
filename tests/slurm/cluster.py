"""A private SLURM cluster on this machine: several nodes on loopback, nothing outside its folder.

SLURM's own daemons run as children of the test, in the foreground, so that the test holds their
process ids and can prove that nothing is left. There is no database of accounts, no systemd and no
control group: memory is watched by SLURM itself, which looks once a second and kills what uses
more than it asked for.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
PACKAGES = "slurmctld slurmd slurm-client munge"

#: How long anything may take that a machine with nothing else to do does in seconds.
PATIENCE = 200

CONFIGURATION = """
ClusterName=private
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job whose node is lost begins again when its credential has run out: soon.
AuthInfo=socket={folder}/munge/socket,cred_expire=20
CredType=cred/munge
# Loopback alone, where SLURM would listen on every address.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/logs/slurmctld.log
SlurmdLogFile={folder}/logs/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
KillWait=2
# Nodes have the memory that is written here, and not a third of this machine's.
SlurmdParameters=config_overrides
# A node that somebody set down stays down.
ReturnToService=1
# Decide at once, where a large site decides every half minute.
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=16000"

# Inside a job, the SLURM executor drops SLURM_CONF before it calls srun; on a real cluster the file
# lies where SLURM looks.
SRUN = """SLURM_CONF={conf} exec /usr/bin/srun "$@"
"""

# The executor asks sacct where squeue fails, and on a cluster without a database would then wait
# for ever. This is the database's answer to its question, taken from the controller.
SACCT = """while [ $# -gt 0 ]; do
    [ "$1" = --name ] && exec squeue --states=all --noheader --name "$2" --format "%A|%T"
    shift
done
exit 1
"""


class Cluster:
    """The cluster, from ``with`` to its end."""

    def __init__(self, nodes=3):
        self.names = [f"n{number}" for number in range(1, nodes + 1)]
        self.processes = []

    def __enter__(self):
        path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
        missing = [one for one in (*DAEMONS, *COMMANDS) if shutil.which(one, path=path) is None]
        assert not missing, f"no {', '.join(missing)}: on Debian, apt-get install {PACKAGES}"
        # Not pytest's own folder, which others may not enter: munged insists that all may.
        self.folder = Path(tempfile.mkdtemp(prefix="cnnvis-slurm-"))
        self.folder.chmod(0o755)
        self.environment = os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder}/bin{os.pathsep}{path}",
        }
        try:
            self._configure()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.ask("scancel", "--full", "--user", str(os.getuid()))
            self.wait_until(lambda: not self.jobs("running,completing"), "jobs still run")
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        end = time.monotonic() + 30  # what looked after a job ends a moment later than the job
        while (left := self.left_over()) and time.monotonic() < end:
            time.sleep(0.2)
        _kill(left)
        logs = self.logs()
        shutil.rmtree(self.folder)
        assert not left, f"processes were left, and are killed now: {left}\n{logs}"

    def ask(self, *command):
        """Return what a command of SLURM says."""
        run = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert run.returncode == 0, f"{' '.join(command)}: {run.stderr}{run.stdout}"
        return run.stdout

    def jobs(self, states="all"):
        """Return the jobs in some states, as pairs of number and state."""
        lines = self.ask("squeue", "--noheader", f"--states={states}", "--format=%A %T")
        return [tuple(line.split()) for line in lines.splitlines()]

    def node_of(self, job):
        """Return the name of the node that a job runs on."""
        return self.ask("squeue", "--noheader", "--jobs", job, "--format=%N").strip()

    def set_node(self, name, state):
        """Set a node down, or bring it back, as an administrator does."""
        self.ask("scontrol", "update", f"NodeName={name}", f"State={state}", "Reason=tried")

    def lose(self, name):
        """Set a node down, and end at once whatever runs on it, as when its power fails."""
        self.set_node(name, "DOWN")
        _kill(self.left_over(f"SLURMD_NODENAME={name}\0"))

    def wait_until(self, holds, otherwise):
        """Wait until something holds, and fail where it takes too long."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{otherwise}\n{self.logs()}"
            time.sleep(0.2)

    def be_away(self, seconds):
        """Stop the controller, which knows all jobs, and start it again after a while."""
        self.controller.terminate()
        self.controller.wait(timeout=PATIENCE)
        time.sleep(seconds)
        self.controller = self._run("slurmctld", "-D")
        self.wait_until(self._answers, "slurmctld does not come back")

    def logs(self):
        """Return the ends of all logs."""
        paths = sorted((self.folder / "logs").glob("*.log"))
        return "\n".join(f"== {path.name}\n{path.read_text()[-1500:]}" for path in paths)

    def left_over(self, more=""):
        """Return the processes of this cluster, by their environment: id -> command."""
        marks = [f"{self.folder}/".encode(), more.encode()]
        found = {}
        for place in Path("/proc").iterdir():
            with suppress(OSError):
                environment = (place / "environ").read_bytes() if place.name.isdigit() else b""
                if all(mark in environment for mark in marks):
                    command = (place / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(place.name)] = command.decode(errors="replace")[:200]
        return found

    def _configure(self):
        for part in ("munge", "state", "spool", "logs", "bin"):
            (self.folder / part).mkdir()
        key = self.folder / "munge/key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        host = socket.gethostname().partition(".")[0]
        ports = _free_ports(1 + len(self.names))
        user = subprocess.run(
            ["id", "-un"], check=True, capture_output=True, text=True
        ).stdout.strip()
        text = CONFIGURATION.format(host=host, ports=ports, user=user, folder=self.folder)
        nodes = [
            NODE.format(name=name, host=host, port=port)
            for name, port in zip(self.names, ports[1:], strict=True)
        ]
        head, partition = re.split(r"(?=^PartitionName)", text, flags=re.MULTILINE)
        (self.folder / "slurm.conf").write_text(head + "\n".join(nodes) + "\n" + partition)
        self._stand_in("srun", SRUN.format(conf=self.environment["SLURM_CONF"]))
        self._stand_in("sacct", SACCT)

    def _stand_in(self, name, body):
        path = self.folder / "bin" / name
        path.write_text("#!/bin/sh\n" + body)
        path.chmod(0o755)

    def _start(self):
        munge = self.folder / "munge"
        self._run(
            "munged",
            "--foreground",
            f"--key-file={munge}/key",
            f"--socket={munge}/socket",
            f"--pid-file={munge}/pid",
            f"--seed-file={munge}/seed",
            f"--log-file={self.folder}/logs/munged.log",
        )
        self.wait_until((munge / "socket").exists, "munged does not start")
        self.controller = self._run("slurmctld", "-D", "-c")
        for name in self.names:
            self._run("slurmd", "-D", "-c", "-N", name)
        self.wait_until(lambda: self._idle() == set(self.names), "nodes do not come up")

    def _run(self, *command):
        with (self.folder / "logs" / f"{command[0]}-said.log").open("a") as said:
            process = subprocess.Popen(
                command, env=self.environment, stdout=said, stderr=said, start_new_session=True
            )
        self.processes.append(process)
        return process

    def _answers(self):
        asked = subprocess.run(
            ["scontrol", "ping"], env=self.environment, capture_output=True, text=True
        )
        return "UP" in asked.stdout

    def _idle(self):
        with suppress(AssertionError):  # slurmctld does not answer yet
            return set(self.ask("sinfo", "-h", "-N", "-t", "idle", "-o", "%N").split())
        return set()


def _kill(pids):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _free_ports(count):
    """Return the numbers of ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
