"""Static files with hashed names, also inside the imports of JavaScript modules."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A module that imports another must ask for the hashed name, or an old copy may stay in a browser."""

    support_js_module_import_aggregation = True
