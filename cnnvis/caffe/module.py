"""A network of Caffe as a torch module: its layers, and which values each reads and writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Before = Literal["", "flatten", "sum", "concat"]
"""What happens to the values that a layer reads before its module takes them."""


@dataclass(frozen=True)
class Step:
    """One layer in the order of execution.

    Args:
        layer: its name in Caffe.
        module: the name of its torch module, which ``/`` and ``.`` are not a part of.
        reads: names of the values it reads.
        writes: name of the value it writes, which may be one it reads: nothing is done in place.
        before: what makes one input of several, or of maps.
    """

    layer: str
    module: str
    reads: tuple[str, ...]
    writes: str
    before: Before = ""


class CaffeNetwork(nn.Module):
    """The layers of a description by their names; (image, 3, row, col) in RGB becomes scores.

    ``input_shape`` is (channel, row, col) as the description gives it.
    """

    def __init__(
        self,
        *,
        image: str,
        input_shape: tuple[int, ...],
        scores: str,
        layers: Iterable[tuple[Step, nn.Module]],
    ) -> None:
        """Make the network that reads the value ``image`` and returns the value ``scores``."""
        super().__init__()
        self.input_shape = input_shape
        self._image = image
        self._scores = scores
        pairs = tuple(layers)
        self._steps = tuple(step for step, _ in pairs)
        for step, module in pairs:
            self.add_module(step.module, module)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The layers in the order of execution."""
        return self._steps

    def reads_image(self, step: Step) -> bool:
        """Tell whether a layer reads the image itself."""
        for earlier in self._steps[: self._steps.index(step)]:
            if earlier.writes == self._image:
                return False
        return self._image in step.reads

    def forward(self, input: Tensor) -> Tensor:
        """Map (image, channel, row, col) to what the description's last layer writes."""
        values = {self._image: input}
        for step in self._steps:
            module = self.get_submodule(step.module)
            values[step.writes] = module(joined(step.before, [values[name] for name in step.reads]))
        return values[self._scores]


def joined(before: Before, inputs: Sequence[Tensor]) -> Tensor:
    """Make one tensor of those that a layer reads."""
    first, *others = inputs
    if before == "flatten":
        return torch.flatten(first, 1)
    if before == "concat":
        return torch.cat(list(inputs), dim=1)
    for other in others:  # the sum; no other layer reads several
        first = first + other
    return first
