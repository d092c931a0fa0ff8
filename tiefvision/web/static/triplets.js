// The triplet editor: which of two photographs is closer to a third?

import { Saves, isPlain, isTyping, rememberWho, who } from "./labelling.js";
import { ask, say, sendJson } from "./requests.js";

const question = document.getElementById("question");
const judged = document.getElementById("judged");
const saves = new Saves("triplet");
const ranker = new URLSearchParams(window.location.search).get("ranker") || "";

const shown = () => question?.querySelector(".question");

async function show(parameters) {
  const asked = new URLSearchParams(parameters);
  if (ranker) asked.set("ranker", ranker);
  const response = await ask(`/triplets/question?${asked}`);
  question.innerHTML = await response.text();
}

async function showJudged() {
  judged.innerHTML = await (await ask("/triplets/judged")).text();
}

// Run what talks to the server, one at a time; errors are told and nothing is lost.
async function doing(run) {
  if (judged.classList.contains("saving")) return;
  for (const part of [question, judged]) part?.classList.add("saving");
  try {
    await run();
  } catch (error) {
    say(error.message);
  } finally {
    for (const part of [question, judged]) part?.classList.remove("saving");
  }
}

function choose(number) {
  const asked = shown();
  if (!asked) return;
  const { reference } = asked.dataset;
  const photos = [...asked.querySelectorAll("[data-photo]")].map((one) => one.dataset.photo);
  if (number === 2) photos.reverse();
  const [closer, further] = photos;
  doing(async () => {
    const sent = { reference, closer, further, neither: number === 0, who: who() };
    saves.add((await sendJson("/api/labels/triplets", sent)).number);
    say(number ? `Saved: ${number} is closer. U takes it back.` : "Saved: no difference. U takes it back.");
    await Promise.all([show({}), showJudged()]);
  });
}

function undo(number) {
  doing(async () => {
    await saves.undo(number);
    await Promise.all([question && show({}), showJudged()]);
    say("The judgement was taken back.");
  });
}

function other() {
  const after = shown()?.dataset.reference;
  if (after) doing(() => show({ after }));
}

const KEYS = { 0: () => choose(0), 1: () => choose(1), 2: () => choose(2), u: () => undo(), n: other };

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || !isPlain(event)) return;
  const run = KEYS[event.key.toLowerCase()];
  if (!run) return;
  run();
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { choose: chosen, takeBack, do: action } = button.dataset;
  if (chosen !== undefined) choose(Number(chosen));
  else if (takeBack) undo(Number(takeBack));
  else if (action === "undo") undo();
  else if (action === "other") other();
});
rememberWho();
