"""OHIF's prebuilt app from npm, and its configuration for a DICOMweb server under the same address."""

import json
from pathlib import Path

from tests.interop import front, npm

CONFIGURATION = {
    "routerBasename": "/",
    "extensions": [],
    "modes": [],
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 2,
    "showLoadingIndicator": True,
    "strictZSpacingForVolumeViewport": True,
    "defaultDataSourceName": "dicomweb",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "dicomweb",
            "configuration": {
                "friendlyName": "Hounsfield",
                "name": "hounsfield",
                "wadoUriRoot": "/dicom-web/wado",
                "qidoRoot": "/dicom-web",
                "wadoRoot": "/dicom-web",
                "qidoSupportsIncludeField": True,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": True,
                "supportsWildcard": True,
                "bulkDataURI": {"enabled": True},
            },
        }
    ],
}


def app() -> Path:
    """Return the folder of the built app."""
    sha256 = "b189d3963bfc58e9394a9db8c7be75d07beb029ec211dbb126d47b62969dd3f1"
    return npm.unpacked("@ohif/app", "3.13.2", sha256, "dist")


def served(files: Path, server):
    """Serve the app before a server; a context whose value is the address."""
    text = f"window.config = {json.dumps(CONFIGURATION)};".encode()
    return front.served(files, server, {"/app-config.js": ("text/javascript", text)})
