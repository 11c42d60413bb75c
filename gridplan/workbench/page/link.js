// The line to the studio's server: questions by POST, news by WebSocket or, where a proxy
// blocks that, by asking again and again.

const KEY = "gridplan-token";

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
    this.lose = lose; // called with true when the line is lost, false when it is back
    this.heard = 0;
    this.lost = false;
    this.stopped = false;
  }

  async ask(message) {
    let response;
    try {
      response = await fetch("/ask", {
        method: "POST",
        headers: { "content-type": "application/json", "x-token": this.token },
        body: JSON.stringify(message),
      });
    } catch (error) {
      this.mark(true);
      throw error;
    }
    this.mark(false);
    if (!response.ok) throw new Error(await response.text());
    const answer = await response.json();
    // What was said before the welcome is in it.
    if (answer.kind === "welcome") this.heard = answer.heard;
    return answer;
  }

  mark(lost) {
    if (lost !== this.lost) {
      this.lost = lost;
      this.lose(lost);
    }
  }

  take(message) {
    if (message.anew) {
      this.hear({ kind: "anew" });
      return;
    }
    this.heard = Math.max(this.heard, message.news);
    this.hear(message);
  }

  listen() {
    const socket = new WebSocket(`ws://${location.host}/live`);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.mark(false);
      socket.send(JSON.stringify({ token: this.token, after: this.heard }));
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (event.code === 4401 || this.stopped) return;
      if (!opened) this.poll();
      else setTimeout(() => this.listen(), 1000);
    };
  }

  async poll() {
    while (!this.stopped) {
      try {
        const response = await fetch(`/news?after=${this.heard}`, {
          headers: { "x-token": this.token },
        });
        if (response.status === 401) return;
        this.mark(false);
        const answer = await response.json();
        if (answer.anew) this.take(answer);
        for (const message of answer.messages || []) this.take(message);
      } catch {
        this.mark(true);
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    }
  }
}
