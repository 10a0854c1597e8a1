# Shared by all stages: the checked study, the wildcards, and helpers of a line or two.
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from cnnvis import config as configuration
from cnnvis import locks
from cnnvis.errors import CnnvisError
from cnnvis.source import module_digest, share_package, source_digest

share_package()

if workflow.is_main_process and locks.join(Path(".snakemake")):
    logger.info("The run before this one was killed; its lock has been removed.")

try:
    study = configuration.load(
        config, workflow.source_path("../schemas/config.schema.yaml")
    )
except CnnvisError as error:
    raise WorkflowError(f"config: {error}") from None

settings = study.settings
RESULTS = "results/{network}/{images}"
LEFT_OUT = "resources/images/{images}.left_out.tsv"


wildcard_constraints:
    network="|".join(map(re.escape, study.networks)),
    images="|".join(map(re.escape, study.images)),
    layer=r"[^/]+",
    source=r"[^/]+",
    image=r"[^/]+",
    method=r"[a-z_]+",
    shard=r"\d{4}",


def code(script):
    """Digest of a thin script and of all that it imports from the package."""
    return source_digest(workflow.source_path(f"../scripts/{script}"))


# On a cluster, one or two Snakemakes live in a job beside its script: so many MB.
SNAKEMAKES = 400

# What a job that runs a network asks for beyond that, unless it is to run on the processor. The
# libraries of CUDA take their share of the machine's memory, too.
GPU = {"gpu": 1, "gpu_manufacturer": "nvidia"} if settings["device"] != "cpu" else {}
CUDA = 2500 if GPU else 0


def memory(script):
    """Memory in MB for a job whose script takes so much; its share doubles with every retry."""

    def mem_mb(wildcards, attempt):
        return SNAKEMAKES + script * 2 ** (attempt - 1)

    return mem_mb


def per_study(pattern, images=study.images, **more):
    """The paths of a pattern for every network and image set of the study."""
    return expand(pattern, network=study.networks, images=images, **more)


def per_study_with_filters(pattern):
    """As per_study, for networks with layers under ``filters`` and sets that are compared."""
    having = [name for name, choice in study.networks.items() if choice.filters]
    return expand(pattern, network=having, images=study.compared)


def per_tracking(pattern):
    """The paths of a pattern for every network and image set in which objects are followed."""
    followed = study.tracking
    return expand(pattern, network=followed["networks"], images=followed["images"])


def per_layer(pattern, layers, images=study.images, **more):
    """The paths of a pattern for every layer that a network has under the key ``layers``."""
    return [
        path
        for choice in study.networks.values()
        for path in expand(
            pattern,
            network=choice.name,
            images=images,
            layer=getattr(choice, layers),
            **more,
        )
    ]


def per_shard(pattern, layers="", images=study.images, **more):
    """The paths of a pattern for every shard; for every layer under a key, where one is given."""
    return [
        path
        for choice in study.networks.values()
        for name in images
        for path in expand(
            pattern,
            network=choice.name,
            images=name,
            shard=study.images[name].shard_names,
            **({"layer": getattr(choice, layers)} if layers else {}),
            **more,
        )
    ]


def layers_of_network(pattern, **more):
    """An input function: the paths of a pattern for every layer of a network."""

    def paths(wildcards):
        layers = study.networks[wildcards.network].layers
        return expand(pattern, layer=layers, allow_missing=True, **more)

    return paths


def ablated(filters):
    """Those of a network's layers that lose filters."""
    which = settings["ablation"]["layers"]
    return list({"none": (), "first": filters[:1], "all": filters}[which])


def shards(pattern):
    """An input function: the paths of a pattern for every shard of an image set."""

    def paths(wildcards):
        names = study.images[wildcards.images].shard_names
        return expand(pattern, shard=names, allow_missing=True)

    return paths


def network_params(wildcards):
    """What a stage must know of a network to build it and to prepare its input."""
    entry = study.networks[wildcards.network].entry
    described = {
        "name": entry.name,
        "architecture": entry.architecture,
        "architecture_source": module_digest(entry.architecture),
        "preprocessing": dict(entry.preprocessing),
    }
    return described | ({"device": settings["device"]} if GPU else {})


def class_params(wildcards):
    """How the classes of a network are named."""
    return study.networks[wildcards.network].entry.classes


def weights_file(wildcards):
    """What the weights of a network are made from: a download, local files, or nothing."""
    choice = study.networks[wildcards.network]
    if choice.entry.prototxt:
        # Files of Caffe that are not there yet are left to the job, which says where to get them.
        files = {
            "prototxt": choice.entry.prototxt,
            "file": choice.entry.weights.get("path", ""),
        }
        return {key: path for key, path in files.items() if Path(path).is_file()}
    if choice.download:
        return {"file": f"resources/archives/{choice.download}"}
    if choice.entry.weights["kind"] == "file":
        return {"file": choice.entry.weights["path"]}
    return {}


def photos_of_set(wildcards):
    """The folders with the photos of a set that lie in no folder of the user's."""
    return shards("resources/images/{images}/{shard}")(wildcards)


def cut_of(wildcards):
    """Which part of how many a shard is of a sheet or a folder; tar files are not cut."""
    choice = study.images[wildcards.images]
    return [] if choice.tars else [int(wildcards.shard), choice.shards]


def image_files(wildcards):
    """What a shard of an image set is made from: archives, an own sheet or folder, a tar file."""
    choice = study.images[wildcards.images]
    if choice.tars:
        return {"tar": choice.tars[int(wildcards.shard)]}
    files = {"archives": [f"resources/archives/{name}" for name in choice.downloads]}
    if choice.folder:
        files["folder"] = choice.folder
    elif not choice.catalogued:
        files["sheet"] = choice.sheet
    return files


def maps_to_order(wildcards):
    """What channels are ordered by: maps, or sums over the maps of several shards."""
    if (
        wildcards.source in ("set", "mean")
        and study.images[wildcards.images].shards > 1
    ):
        return {"statistics": rules.merge_statistics.output.statistics}
    return {"activations": rules.gather_activations.output[0]}


def known_boxes(wildcards):
    """The own table of true boxes, where the configuration names one."""
    table = settings["objects"]["boxes"]
    return {"boxes": table} if table else {}


def boxes_params(wildcards):
    """How true boxes are written, and of which set of the catalogue they may be known."""
    catalogued = study.images[wildcards.images].catalogued
    return {
        "layout": settings["objects"]["layout"],
        "catalogued": wildcards.images if catalogued else "",
    }


def per_shown(pattern, shown, **more):
    """The paths of a pattern for wildcards that are given one by one."""
    return [path for one in shown for path in expand(pattern, **one, **more)]


def in_report(path, category, **labels):
    """A table that the report of Snakemake carries; its caption has the name of the table."""
    table = re.sub(r".*/|\.tsv$|[{}]", "", path)
    return report(
        path,
        caption=f"../report/tables/{table}.rst",
        category=category,
        labels={**labels, "table": table},
    )


def left_out_in_report():
    """The table of photos that could not be used, where the study goes on without them."""
    return report(
        LEFT_OUT,
        caption="../report/tables/left_out.rst",
        category="Photos left out",
        labels={"images": "{images}", "table": "left_out"},
    )


def judged_methods():
    """The names of the methods whose explanations are measured."""
    methods = settings["evaluation"]["methods"]
    return [one if isinstance(one, str) else one["name"] for one in methods]
