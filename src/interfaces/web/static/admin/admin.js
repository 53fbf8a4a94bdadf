// The charts, the dialogs, and telling that the stream is broken. Everything else htmx does.
"use strict";

const charts = { "chart-requests": ["requests", "errors"], "chart-latency": ["p95", "mean"] };
const drawn = new Map();
let minutes = [];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw() {
  for (const [id, fields] of Object.entries(charts)) {
    const element = document.getElementById(id);
    if (!element) continue;
    const data = [minutes.map((minute) => Date.parse(minute.minute) / 1000), ...fields.map((field) => minutes.map((minute) => minute[field]))];
    const known = drawn.get(id);
    if (known) {
      known.setData(data);
      continue;
    }
    const names = element.dataset.lines.split("|");
    const colours = ["--brand", "--bad"];
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const series = names.map((label, at) => ({ label, stroke: colour(colours[at]), width: 2, fill: at ? undefined : colour(colours[at]) + "22" }));
    const hour = () => [Date.now() / 1000 - 3600, Date.now() / 1000];
    const size = { width: element.clientWidth, height: element.clientHeight - 30 };
    drawn.set(id, new uPlot({ ...size, series: [{ label: element.dataset.time, value: "{HH}:{mm}" }, ...series], axes: [{ ...axis, values: "{HH}:{mm}", space: 60, incrs: [300, 600, 900, 1800] }, { ...axis, size: 44 }], tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Europe/Brussels"), scales: { x: { range: hour }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } }, cursor: { y: false } }, data, element));
  }
}

function redraw() {
  drawn.forEach((chart) => chart.destroy());
  drawn.clear();
  draw();
}

// A stream that has fallen silent is as broken as one that says so.
const SILENCE = 6000;
let heardAt = Date.now();
setInterval(() => {
  if (Date.now() - heardAt > SILENCE) document.body.classList.add("stale");
}, 1000);

document.addEventListener("htmx:sseBeforeMessage", (event) => {
  const message = event.detail;
  heardAt = Date.now();
  document.body.classList.remove("stale");
  if (message.type === "minutes") {
    event.preventDefault();
    minutes = JSON.parse(message.data);
    draw();
  } else if (message.type === "beat") {
    event.preventDefault();
  }
});

document.addEventListener("htmx:sseError", () => document.body.classList.add("stale"));

// A session that has ended ends the stream for good: the page asks for a new one.
document.addEventListener("htmx:sseError", (event) => {
  if (event.detail.source && event.detail.source.readyState === EventSource.CLOSED) {
    fetch("/admin/jobs", { redirect: "manual" }).then((answer) => {
      if (answer.type === "opaqueredirect") location.assign("/admin/sign-in");
    }, () => undefined);
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    const form = dialog.querySelector("form");
    form.reset();
    form.setAttribute("action", opener.dataset.address);
    form.setAttribute("hx-post", opener.dataset.address);
    htmx.process(form);
    dialog.querySelector("[data-subject]").textContent = opener.dataset.name;
    dialog.showModal();
  } else if (event.target.closest("[data-close]")) {
    event.target.closest("dialog").close();
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  const dialog = event.target.closest("dialog");
  if (dialog && event.detail.successful) dialog.close();
});

let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(redraw, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

// What only this script can open is shown from now on: no click on it is lost.
document.documentElement.classList.add("scripted");
