// Photographs chosen, dropped or pasted.

import { askJson, say } from "./requests.js";

// Send a file as it is; the server finds out what it is.
export function uploadPhoto(file) {
  return askJson("/api/photos", {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  });
}

// Call `take` with the files that are chosen by an input, dropped or pasted anywhere.
export function listenForFiles(input, take) {
  const taken = async (files) => {
    const chosen = [...files];
    if (!chosen.length) return;
    document.body.classList.add("loading");
    try {
      await take(chosen);
    } catch (error) {
      say(error.message);
    } finally {
      document.body.classList.remove("loading");
      input.value = "";
    }
  };
  input.addEventListener("change", () => taken(input.files));
  document.addEventListener("paste", (event) => taken(event.clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    taken(event.dataTransfer.files);
  });
}
