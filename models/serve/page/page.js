// The page of images. It asks the API of the server that it came from, and nothing else.
const $ = id => document.getElementById(id);
const TOKEN = "cgan-token";
const STEPS = 33; // of the walk, which are fetched at once
const waitBeforeAsking = 150; // milliseconds after the last key

let models = [];
let shown = [];  // what the pictures are: {class, name, seed}
let frames = []; // of the walk
let large = null;

class Refused extends Error {
  constructor(status, detail, after) { super(detail); this.status = status; this.after = after; }
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail || answer.statusText, Number(answer.headers.get("Retry-After")));
}

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

// latest gives a function that runs the last call of several that follow each other, and stops the one before. A server that is busy is
// asked again.
function latest(run) {
  let timer, abort;
  return () => {
    clearTimeout(timer);
    abort?.abort();
    const mine = abort = new AbortController();
    const go = async () => {
      try {
        await run(mine.signal);
      } catch (error) {
        if (mine.signal.aborted) return;
        if (error.status === 503) timer = setTimeout(go, 1000 * (error.after || 1));
        if (error.status === 401) askForToken();
        say(error.message, true);
      }
    };
    timer = setTimeout(go, waitBeforeAsking);
  };
}

function askForToken() {
  sessionStorage.removeItem(TOKEN);
  $("token-form").hidden = false;
  $("all").hidden = true;
  $("token").focus();
}

const model = () => models.find(m => m.name === $("model").value);
const precision = () => $("precision").value;

// seedOf reads a seed, which may be larger than a number of JavaScript's.
function seedOf(input) {
  const text = input.value.trim();
  let seed = null;
  if (/^-?[0-9]{1,20}$/.test(text)) seed = BigInt(text);
  const good = seed !== null && seed >= -(2n ** 63n) && seed < 2n ** 64n;
  input.setAttribute("aria-invalid", String(!good));
  if (!good) throw new Error("The seed must be a whole number from -2^63 to 2^64-1.");
  return seed;
}

function countOf() {
  const count = Number($("count").value);
  const good = Number.isInteger(count) && count >= 1 && count <= 100;
  $("count").setAttribute("aria-invalid", String(!good));
  if (!good) throw new Error("Images of each class must be a whole number from 1 to 100.");
  return count;
}

function chosen() {
  return [...$("class-list").querySelectorAll("input:checked")].map(box => Number(box.value));
}

// wanted are the images that the form asks for, row by row.
function wanted() {
  const first = seedOf($("seed")), count = countOf(), classes = chosen(), m = model();
  if (m.classes.length && !classes.length) throw new Error("Choose at least one class.");
  if (first + BigInt(count - 1) >= 2n ** 64n) throw new Error("The last seed would be larger than 2^64-1.");
  const images = [];
  for (let i = 0; i < count; i++) {
    const seed = String(first + BigInt(i));
    if (!m.classes.length) images.push({ seed });
    for (const c of classes) images.push({ class: m.classes[c], seed });
  }
  return images;
}

function post(images, format, scale, signal) {
  const columns = Math.max(1, chosen().length);
  return ask(`/v1/models/${model().name}/images`, {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ images, format, scale, precision: precision(), columns: columns > 1 ? columns : Math.min(8, images.length) }),
  });
}

const label = one => one.class === undefined ? `seed ${one.seed}` : `${one.class}, seed ${one.seed}`;

const draw = latest(async signal => {
  const images = wanted();
  const answer = await (await post(images, "json", 1, signal)).json();
  shown = images;
  $("pictures").replaceChildren(...answer.images.map((one, i) => picture(images[i], one.png)));
  say(`${images.length} ${images.length === 1 ? "image" : "images"} of ${model().name}`);
});

function picture(one, png) {
  const item = document.createElement("div"), button = document.createElement("button"), image = document.createElement("img");
  item.setAttribute("role", "listitem");
  button.type = "button";
  image.src = `data:image/png;base64,${png}`;
  image.alt = "";
  image.width = model().width;
  image.height = model().height;
  button.append(image, label(one));
  button.addEventListener("click", () => open(one, image.src));
  item.append(button);
  return item;
}

const walk = latest(async signal => {
  const query = new URLSearchParams({ seed: seedOf($("from-seed")), to_seed: seedOf($("to-seed")), steps: STEPS, format: "json", precision: precision(), version: model().version });
  if (model().classes.length) {
    query.set("from", $("from").value);
    query.set("to", $("to").value);
  }
  const answer = await (await ask(`/v1/models/${model().name}/interpolation?${query}`, { signal })).json();
  frames = answer.images.map(one => `data:image/png;base64,${one.png}`);
  place();
});

function place() {
  const at = Number($("place").value), way = `${Math.round(100 * at / (STEPS - 1))} % of the way`;
  $("place").setAttribute("aria-valuetext", way);
  if (!frames.length) return;
  $("walker").src = frames[at];
  $("walker").alt = `The image at ${way}`;
}

async function save(answering, name) {
  try {
    const url = URL.createObjectURL(await (await answering()).blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    say(`Downloaded ${name}`);
  } catch (error) {
    if (error.status === 401) askForToken();
    say(error.message, true);
  }
}

// quoted is a value for a shell.
const quoted = text => /^[A-Za-z0-9._-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

function open(one, src) {
  large = one;
  $("large-title").textContent = label(one);
  $("large-image").src = src;
  $("large-image").alt = label(one);
  const words = ["cgan generate --weights", quoted(model().name)];
  if (one.class !== undefined) words.push("--class", quoted(one.class));
  words.push(`--seed=${one.seed}`);
  if (precision() !== "f32") words.push("--precision", precision());
  $("command").value = words.join(" ");
  address();
  $("large").showModal();
}

function path() {
  const query = new URLSearchParams(large.class === undefined ? {} : { class: large.class });
  query.set("seed", large.seed);
  query.set("scale", $("large-scale").value);
  if (precision() !== "f32") query.set("precision", precision());
  query.set("version", model().version);
  return `/v1/models/${model().name}/images?${query}`;
}

function address() { $("url").value = location.origin + path(); }

function fill(select, names, values = names) {
  select.replaceChildren(...names.map((name, i) => new Option(name, values[i])));
}

function showModel() {
  const m = model();
  fill($("precision"), m.precisions);
  $("classes").hidden = $("from").parentElement.hidden = $("to").parentElement.hidden = !m.classes.length;
  $("class-list").replaceChildren(...m.classes.map((name, i) => {
    const line = document.createElement("label"), box = document.createElement("input");
    line.className = "check";
    box.type = "checkbox";
    box.value = i;
    box.checked = i < 10;
    line.append(box, name);
    return line;
  }));
  fill($("from"), m.classes);
  fill($("to"), m.classes);
  $("to").selectedIndex = Math.min(1, m.classes.length - 1);
  frames = [];
  draw();
  walk();
}

async function start() {
  try {
    const answer = await (await ask("/v1/models")).json();
    models = answer.models;
    $("runs-link").hidden = !answer.runs;
  } catch (error) {
    if (error.status === 401) askForToken();
    say(error.message, true);
    return;
  }
  $("token-form").hidden = true;
  if (!models.length) {
    say("This server has no models, only runs.");
    return;
  }
  $("all").hidden = false;
  fill($("model"), models.map(m => m.name));
  showModel();
}

for (const id of ["scale", "large-scale"]) {
  fill($(id), ["1", "2", "4", "8", "16", "32"]);
  $(id).value = id === "scale" ? "1" : "8";
}
$("token-form").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $("token").value);
  start();
});
for (const id of ["choice", "walk"]) $(id).addEventListener("submit", event => event.preventDefault());
$("model").addEventListener("change", showModel);
for (const id of ["seed", "count"]) $(id).addEventListener("input", draw);
$("class-list").addEventListener("change", draw);
$("precision").addEventListener("change", () => { draw(); walk(); });
$("random").addEventListener("click", () => {
  $("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  draw();
});
for (const [id, on] of [["every", true], ["none", false]]) {
  $(id).addEventListener("click", () => {
    for (const box of $("class-list").querySelectorAll("input")) box.checked = on;
    draw();
  });
}
for (const id of ["from", "to", "from-seed", "to-seed"]) $(id).addEventListener("input", walk);
$("place").addEventListener("input", place);
for (const button of document.querySelectorAll("[data-format]")) {
  const format = button.dataset.format;
  button.addEventListener("click", () => save(() => post(wanted(), format, Number($("scale").value)), `${model().name}.${format}`));
}
$("walk-gif").addEventListener("click", () => save(() => {
  const query = new URLSearchParams({ seed: seedOf($("from-seed")), to_seed: seedOf($("to-seed")), steps: STEPS, format: "gif", scale: 8, precision: precision() });
  if (model().classes.length) { query.set("from", $("from").value); query.set("to", $("to").value); }
  return ask(`/v1/models/${model().name}/interpolation?${query}`);
}, `${model().name}-walk.gif`));
$("large-scale").addEventListener("change", address);
$("large-save").addEventListener("click", () => save(() => ask(path()), `${model().name}-${large.seed}.png`));
$("close").addEventListener("click", () => $("large").close());
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = $(button.dataset.copy);
    field.select();
    await navigator.clipboard?.writeText(field.value).catch(() => {}); // what is selected can be copied by hand
    say("Copied");
  });
}
start();
