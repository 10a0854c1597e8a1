"""A network as a graph of named operations: trace it, record it, fold it, list its layers."""

from cnnvis.network.folding import fold
from cnnvis.network.graph import Network, Node, Ref
from cnnvis.network.hooking import open
from cnnvis.network.recording import record
from cnnvis.network.tables import table
from cnnvis.network.tracing import trace

__all__ = ["Network", "Node", "Ref", "fold", "open", "record", "table", "trace"]
