"""The studio in a notebook: a frame of the local server, which ends with the kernel."""

from __future__ import annotations

import atexit
import html
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridplan.engine.reservation import reserve_folder
from gridplan.errors import MissingPackageError, PlanError
from gridplan.plan import Plan
from gridplan.storage.plan_folder import is_plan, read_plan, write_plan
from gridplan.workbench.open_studio import open_studio
from gridplan.workbench.segments import FOLDER

if TYPE_CHECKING:
    import uvicorn

# Notebooks are served by this machine, at whatever port; editors show them in a page of their own.
FRAMES = ("http://localhost:*", "http://127.0.0.1:*", "vscode-webview:")
_PATIENCE = 20.0  # seconds until the server has started or ended


class Studio:
    """A studio that is open in a notebook: shown as the result of a cell.

    ``link`` opens it in a browser of this machine, ``plan`` reads the plan as it
    was saved last. It ends with :meth:`close`, or with the kernel.
    """

    def __init__(self, folder: Path, height: int, frames: tuple[str, ...]) -> None:
        self.folder = folder
        self.link = ""
        self.place: tempfile.TemporaryDirectory[str] | None = None
        self._height = height
        self._frames = frames
        self._server: uvicorn.Server | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="gridplan studio", daemon=True)

    def _open(self) -> Studio:
        """Begin to serve, and wait until it can be asked."""
        self._thread.start()
        end = time.monotonic() + _PATIENCE
        while self._thread.is_alive() and time.monotonic() < end:
            if self._server is not None and self._server.started:
                return self
            time.sleep(0.02)
        if self._failure is not None:
            raise self._failure
        raise PlanError(f"the studio of {self.folder} did not start -> restart the kernel")

    def _serve(self) -> None:
        """Serve in the thread that holds the plan, so that no other studio opens it meanwhile."""
        try:
            import uvicorn

            place = self.folder / FOLDER
            place.mkdir(exist_ok=True)
            with reserve_folder(place):
                opened = open_studio(self.folder, frames=self._frames)
                self.link = next(iter(opened.links.values()))
                # A page that is open listens for ever, so that its end is not waited for.
                config = uvicorn.Config(
                    opened.app, log_level="warning", lifespan="on", timeout_graceful_shutdown=1
                )
                self._server = uvicorn.Server(config)
                self._server.run(sockets=[opened.socket])
        except ImportError:
            self._failure = MissingPackageError(
                "the studio needs starlette, uvicorn and websockets "
                "-> pip install 'gridplan[studio]'"
            )
        except BaseException as error:
            self._failure = error

    @property
    def is_open(self) -> bool:
        """Whether it is still served."""
        return self._thread.is_alive()

    @property
    def plan(self) -> Plan:
        """The plan as it was saved last; changes that are not saved are in the journal."""
        return read_plan(self.folder)

    def close(self) -> None:
        """Stop serving; every accepted change is on disk. The plan can still be read."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(_PATIENCE)

    def __repr__(self) -> str:
        """Say where it is."""
        return f"Studio({self.link if self.is_open else 'closed'})"

    def _repr_html_(self) -> str:
        """Show the page in a frame, with its link for where frames are refused."""
        if not self.is_open:
            return "<p>gridplan studio: closed / 工作台已关闭</p>"
        link = html.escape(self.link, quote=True)
        return (
            f'<iframe src="{link}" width="100%" height="{self._height}" '
            'style="border:1px solid #b9c0b6" allow="clipboard-write"></iframe>'
            f'<p><a href="{link}" target="_blank" rel="noopener">'
            "Open in a tab, if no studio is shown here / 若此处无法显示，请在新标签页打开</a></p>"
        )


def studio(plan: Any, *, height: int = 640, frames: tuple[str, ...] = FRAMES) -> Studio:
    """Open the studio of a plan in a notebook, where planners change it by hand.

    Parameters
    ----------
    plan
        A plan, which is written into a temporary folder, or the folder of one,
        which is opened as ``gridplan studio`` opens it.
    height
        Height of the frame, in pixels.
    frames
        Origins whose pages may show the studio in a frame; notebooks of this
        machine if not given.

    Returns
    -------
    The studio. As the result of a cell it shows the page; its ``plan`` is the
    plan as it was saved last, and ``close`` ends it.

    Raises
    ------
    PlanError
        If there is no working plan, or another studio has it open.
    MissingPackageError
        If the packages of the extra ``studio`` are not installed.

    Examples
    --------
    >>> import gridplan as gp
    >>> open_one = gp.studio(gp.synthetic.make_board_plan())
    >>> open_one.link.startswith("http://127.0.0.1:"), open_one.plan
    (True, Plan(2 sub-grids, 120 households, 1 community))
    >>> open_one.close()
    >>> open_one
    Studio(closed)
    """
    if not isinstance(plan, Plan):
        if not is_plan(plan):
            read_plan(plan)  # which says what is wrong
        return _open_once(Path(plan), height, frames)
    place = tempfile.TemporaryDirectory(prefix="gridplan-studio-")
    try:
        opened = _open_once(write_plan(plan, Path(place.name) / "plan"), height, frames)
    except BaseException:
        place.cleanup()
        raise
    # It stays after the end, since the plan is still read from it; it goes with the kernel.
    opened.place = place
    return opened


def _open_once(folder: Path, height: int, frames: tuple[str, ...]) -> Studio:
    """Open the studio of a folder, and have it end with the kernel."""
    opened = Studio(folder, height, frames)._open()
    atexit.register(opened.close)
    return opened
