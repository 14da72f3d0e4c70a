// What both pages share: asking the server that they came from, its token, and small helpers.
const TOKEN = "cgan-token";
export const $ = id => document.getElementById(id);

class Refused extends Error {
  constructor(status, detail, after) { super(detail); this.status = status; this.after = after; }
}

// ask gives an answer that is good, and throws what a problem says.
export async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail || answer.statusText, Number(answer.headers.get("Retry-After")));
}

export function say(text, wrong = false) {
  if ($("status").textContent !== text) $("status").textContent = text; // what is said again is not read out again
  $("status").classList.toggle("wrong", wrong);
}

// failed says what went wrong, and asks for a token where one is missing.
export function failed(error) {
  if (error.status === 401) {
    sessionStorage.removeItem(TOKEN);
    $("token-form").hidden = false;
    $("token").focus();
  }
  say(error.status || error.own ? error.message : "The server can't be reached.", true);
}

// whenToken runs something each time that a token was given.
export function whenToken(run) {
  $("token-form").addEventListener("submit", event => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, $("token").value);
    $("token").value = "";
    $("token-form").hidden = true;
    run();
  });
}

// make is an element with properties and children.
export function make(tag, properties = {}, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}
