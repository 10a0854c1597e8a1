"""The explorer: a site of plain files to look around in, in any browser and from any disk.

What a run found is written as scripts that hand over JSON (:mod:`cnnvis.pages.explorer.packing`),
a few for every image (:mod:`cnnvis.pages.explorer.export`); pages from the disk may load scripts,
and nothing else. The site itself is :mod:`cnnvis.pages.explorer.site`.
"""
