"""Which part of the image each unit of each layer sees, followed through the graph.

A feature map keeps its row axis and its column axis on the way; :class:`_View` says which axes of
the tensor they are, so that layers in (row, col, channel) order are followed too. What is not
known stays unknown from there on. The window is that of the arithmetic: padding counts as pixels
outside the image, and at its border a unit sees less.
"""
