"""A studio for tests in a browser: served in a thread, killed, and started again on its port."""

import json
import threading
import time
import urllib.request

import uvicorn

from gridplan.storage import write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench.desk import Seat
from gridplan.workbench.guard import list_hosts
from gridplan.workbench.open_studio import HERE, _bind
from gridplan.workbench.server import make_app
from gridplan.workbench.session import Session

TOKENS = {"planner": "p" * 43, "street": "s" * 43}
STREET = f'街道办"><img src=x onerror=hacked()>\u202e{"长" * 200}\nline'
# A name for each building: markup, quotes, right-to-left, line breaks, two hundred characters.
HOSTILE = [
    "<script>window.hacked = 1</script>",
    '"><svg onload="window.hacked = 1">',
    "'; window.hacked = 1; '",
    "\u202eright to left\u202c",
    "two\nlines\r\nand\ttabs",
    "长" * 200,
    "{name} {households}",
    "=HYPERLINK(1)",
    "javascript:window.hacked=1",
    "&lt;b&gt;&amp;",
    "\u0007bell",
    "12号楼",
]


class Served:
    """A studio that can be killed and started again on its port."""

    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self.tokens = dict(TOKENS)

    def start(self, **config):
        place = _bind(HERE, self.port)
        self.port = place.getsockname()[1]
        seats = {
            self.tokens["planner"]: Seat("planner", "planning office"),
            self.tokens["street"]: Seat("street", STREET, "editor"),
        }
        self.session = Session(self.folder)
        app = make_app(self.session, seats, list_hosts([HERE], self.port))
        settings = uvicorn.Config(
            app, log_level="error", lifespan="on", timeout_graceful_shutdown=1, **config
        )
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [place]}, daemon=True
        )
        self.thread.start()
        self.place = place
        while not self.server.started:
            time.sleep(0.02)

    def stop(self):
        self.server.should_exit = True
        self.thread.join(20)
        self.place.close()
        self.session.close()

    def ask(self, seat="street", **message):
        request = urllib.request.Request(
            f"http://{HERE}:{self.port}/ask",
            json.dumps(message).encode(),
            {"x-token": self.tokens[seat], "origin": f"http://{HERE}:{self.port}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def move(self, house, to, was, id="x"):
        line = f"move building {house} to {to}"
        return self.ask(kind="do", id=id, lines=[line], seen={f"{house}-1": was})


def make_hostile_studio(place):
    """Make a studio whose buildings and community have hostile names."""
    plan = make_board_plan((1, 1, 2, 2, 3, 3) * 2)
    buildings = plan.site.buildings.assign(building_name=HOSTILE)
    communities = plan.site.communities.assign(name=HOSTILE[1])
    site = plan.site.replace(buildings=buildings, communities=communities)
    return Served(write_plan(plan.replace(site=site), place / "plan"))
