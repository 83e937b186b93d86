"""What a wheel holds besides the package: the workflow and its documentation, below unlearnkit/project.

An editable install holds none of it: there the package finds them in the clone (`unlearnkit.shipped`).
"""

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    "Snakefile",
    "rules",
    "workflow_scripts",
    "profiles",
    "experiments",
    "config.yaml",
    "envs/unlearnkit.yaml",
    "envs/requirements.txt",
    "docs/captions",
    "docs/config.schema.json",
    "docs/python.ipynb",
)


class Project(BuildHookInterface):
    """Adds the workflow to a wheel."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Map what is shipped to its place in the wheel."""
        if version != "editable":
            pages = sorted(path.relative_to(self.root).as_posix() for path in Path(self.root, "docs").glob("*.md"))
            build_data["force_include"].update({name: f"unlearnkit/project/{name}" for name in (*SHIPPED, *pages)})
