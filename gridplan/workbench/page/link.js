// The line to the studio's server: questions by POST, news by WebSocket or, where a proxy
// blocks that, by asking again and again. What was sent and not answered is sent again.

const KEY = "gridplan-token";
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000]; // milliseconds before another try
const BUSY_TRIES = 8;
const SILENCE = 50000; // milliseconds after which a line that says nothing is taken for lost

// The token is in the link's fragment, which no server and no log ever sees. It is kept for
// this tab alone, and taken out of the address at once.
export function takeToken() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) || "";
}

export class Link {
  constructor(token, hear, lose) {
    this.token = token;
    this.hear = hear; // called with each message of the news
    this.lose = lose; // called with "lost", "back", or "ended" when the link holds no more
    this.run = ""; // which run of the server the numbers are of
    this.heard = 0;
    this.shown = 0;
    this.lost = false;
    this.stopped = false;
    this.backers = []; // what waits for the line to be back
    this.dropped = new Set();
  }

  // A change has an id, by which the server knows it: it is put again until it is answered, and
  // counts once. All else fails at once when the line is lost.
  async ask(message) {
    for (let tries = 0; ; tries += 1) {
      if (this.dropped.delete(message.id)) throw new Error("dropped");
      const response = await this.send(message);
      if (!response) {
        if (!message.id || this.stopped) throw new Error("lost");
        await this.pause(tries);
      } else if (response.status === 503 && (message.id || tries < BUSY_TRIES)) {
        await sleep(PAUSES[Math.min(tries, 3)]);
      } else if (response.status === 401) {
        this.end();
        throw new Error("ended");
      } else if (!response.ok) throw new Error(await response.text());
      else return this.read(await response.json());
    }
  }

  async send(message) {
    try {
      const response = await fetch("/ask", {
        method: "POST",
        headers: { "content-type": "application/json", "x-token": this.token },
        body: JSON.stringify(message),
      });
      this.mark(false);
      return response;
    } catch {
      this.mark(true);
      return null;
    }
  }

  read(answer) {
    if (answer.kind === "welcome") {
      this.heard = answer.heard;
      this.run = answer.run;
    }
    return answer;
  }

  drop(id) {
    this.dropped.add(id);
    this.release();
  }

  mark(lost) {
    if (lost === this.lost) return;
    this.lost = lost;
    this.lose(lost ? "lost" : "back");
    if (!lost) this.release();
  }

  end() {
    if (this.stopped) return;
    this.stopped = true;
    this.lose("ended");
    this.release();
  }

  release() {
    for (const go of this.backers.splice(0)) go();
  }

  // Wait a while that grows with the tries, but no longer than until the line is back.
  pause(tries) {
    return Promise.race([
      sleep(PAUSES[Math.min(tries, PAUSES.length - 1)]),
      new Promise((resolve) => this.backers.push(resolve)),
    ]);
  }

  async take(message) {
    if (message.anew) {
      await this.hear({ kind: "anew" });
      return;
    }
    if (message.news) this.heard = Math.max(this.heard, message.news);
    if (message.shown) this.shown = Math.max(this.shown, message.shown);
    await this.hear(message);
  }

  listen(tries = 0, ever = false) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    this.socket = socket;
    this.spoken = Date.now();
    let opened = false;
    let taken = Promise.resolve();
    let anew = false;
    socket.onopen = () => {
      opened = true;
      this.mark(false);
      socket.send(JSON.stringify({ token: this.token, run: this.run, after: this.heard,
        shown: String(this.shown) }));
    };
    socket.onmessage = (event) => {
      this.spoken = Date.now();
      const message = JSON.parse(event.data);
      anew = Boolean(message.anew);
      taken = taken.then(() => this.take(message));
    };
    socket.onclose = async (event) => {
      if (event.code === 4401) this.end();
      if (this.stopped) return;
      if (!opened && !ever) {
        this.poll();
        return;
      }
      if (!anew) this.mark(true);
      // The plan is loaded before more is heard of it.
      await taken.catch(() => null);
      await sleep(PAUSES[Math.min(opened ? 0 : tries, PAUSES.length - 1)]);
      this.listen(opened ? 0 : tries + 1, true);
    };
  }

  // A cable that is pulled closes nothing: the page notices that the studio fell silent.
  watch() {
    if (this.socket?.readyState === WebSocket.OPEN && Date.now() - this.spoken > SILENCE) {
      this.socket.close();
      // It may wait for an answer that never comes.
      this.socket.onclose({ code: 1006 });
      this.socket.onclose = null;
    }
  }

  async poll() {
    for (let tries = 0; !this.stopped; ) {
      let answer = null;
      try {
        const asked = `after=${this.heard}&run=${this.run}&shown=${this.shown}`;
        const response = await fetch(`/news?${asked}`, { headers: { "x-token": this.token } });
        if (response.status === 401) this.end();
        else answer = await response.json();
      } catch {
        this.mark(true);
      }
      if (answer) {
        tries = 0;
        this.mark(false);
        if (answer.anew) await this.take(answer).catch(() => sleep(PAUSES[0]));
        for (const message of answer.messages || []) await this.take(message);
      } else {
        await sleep(PAUSES[Math.min(tries, PAUSES.length - 1)]);
        tries += 1;
      }
    }
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
