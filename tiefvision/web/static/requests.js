// Requests to the server: errors become sentences, and of requests that follow each
// other quickly only the last one counts.

// Show a sentence to the reader; it is also read aloud.
export function say(sentence) {
  const toast = document.getElementById("toast");
  toast.textContent = sentence;
  toast.classList.add("shown");
  toast.classList.toggle("lines", sentence.includes("\n")); // a mark under its place
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => toast.classList.remove("shown"), 8000);
}

// The answer to a request; throws an Error whose message is a sentence.
export async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  if (response.ok) return response;
  const kind = response.headers.get("content-type") || "";
  if (kind.includes("problem+json")) {
    const { detail, fix } = await response.json();
    const gap = detail.includes("\n") ? "\n" : " ";
    throw new Error(fix ? `${detail}${gap}${fix}` : detail);
  }
  throw new Error(`The server answered ${response.status}.`);
}

export async function askJson(url, options) {
  return (await ask(url, options)).json();
}

// Send an object as JSON.
export function sendJson(url, value, method = "POST") {
  return askJson(url, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
  });
}

// Runs one request at a time; what comes meanwhile waits, and only the last of it runs.
export class Latest {
  constructor(run) {
    this.run = run;
    this.next = null;
    this.isRunning = false;
  }

  async call(...given) {
    this.next = given;
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.next) {
      const now = this.next;
      this.next = null;
      try {
        await this.run(...now);
      } catch (error) {
        say(error.message);
      }
    }
    this.isRunning = false;
  }
}
