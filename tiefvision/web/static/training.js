// The training page: start, watch and stop jobs, and put their models in use.

import { ask, askJson, say, sendJson } from "./requests.js";

const POLL = 1500; // milliseconds
const jobs = document.getElementById("jobs");
const progress = document.getElementById("progress");

const SURE = {
  stop: "Stop the job? What it has finished is kept.",
};
const SAID = {
  stop: "The job was asked to stop.",
  use: "The new model is in use.",
  undo: "The old model is in use again.",
  refresh: "The catalogue is being made anew.",
};

// Put the server's view of all jobs in place; what was opened stays open.
async function renew() {
  const response = await ask("/training/jobs");
  const html = await response.text();
  const opened = [...jobs.querySelectorAll("details.job[open]")].map((one) => one.id);
  const focused = document.activeElement?.closest("details.job")?.id;
  jobs.innerHTML = html;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  for (const log of jobs.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
  if (focused) document.getElementById(focused)?.querySelector("summary").focus();
}

const running = () => jobs.querySelector("[data-running]");

async function watch() {
  const job = running();
  if (!job) return;
  const address = `/api/jobs/${job.dataset.job}`;
  const told = await askJson(address);
  append(job, await askJson(`${address}/log?after=${job.dataset.offset}`));
  if (progress.textContent !== told.in_words) progress.textContent = told.in_words;
  if (["done", "failed", "stopped"].includes(told.state)) {
    await renew();
    return;
  }
  job.querySelector(".step").textContent = told.in_words;
  job.querySelector("progress").value = Math.max(told.step - 1, 0);
  job.querySelector("[data-act=stop]").disabled = told.stopping;
}

// Lines that came since; the log follows its end unless somebody scrolled up.
function append(job, part) {
  const log = job.querySelector(".log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (part.lines.length) {
    log.querySelector("code").append(part.lines.map((line) => `${line}\n`).join(""));
  }
  log.querySelector(".last").textContent = part.last;
  job.dataset.offset = part.offset;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

async function act(button) {
  const { start, act: what } = button.dataset;
  if (what in SURE && !window.confirm(SURE[what])) return;
  button.disabled = true;
  try {
    if (start) {
      const { id } = await sendJson("/api/jobs", { kind: start });
      await renew();
      document.querySelector(`#job-${id} summary`)?.focus();
    } else {
      const job = button.closest("[data-job]").dataset.job;
      await askJson(`/api/jobs/${job}/${what}`, { method: "POST" });
      say(SAID[what]);
      if (what !== "stop") await renew();
    }
  } catch (error) {
    button.disabled = false;
    say(error.message);
  }
}

jobs.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-start], button[data-act]");
  if (button) act(button);
});

for (const log of jobs.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;

// One look after the other, so that a slow server is not asked twice at a time.
async function keepWatching() {
  try {
    if (!document.hidden && running()) await watch();
  } catch (error) {
    say(error.message);
  }
  setTimeout(keepWatching, POLL);
}

keepWatching();
