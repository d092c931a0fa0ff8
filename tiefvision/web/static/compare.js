// The page of two rankers: upload a photograph; every change of a choice compares anew.

import { listenForFiles, uploadPhoto } from "./upload.js";

const filters = document.getElementById("filters");
const file = document.getElementById("file");

if (filters) {
  filters.addEventListener("change", () => filters.requestSubmit());
  // What is not chosen stays out of the address.
  filters.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
}

if (file) {
  listenForFiles(file, async ([chosen]) => {
    const { photo } = await uploadPhoto(chosen);
    const parameters = new URLSearchParams(window.location.search);
    for (const name of ["photo", "box", "category", "whole"]) parameters.delete(name);
    parameters.set("photo", photo);
    window.location.assign(`/compare?${parameters}`);
  });
}
