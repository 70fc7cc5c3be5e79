// The console's own scripts: keep a preference, follow the system's theme, stay at the end of a log.
function genbaCookie(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`;
}
function genbaKeep(name, value) {
  genbaCookie(name, value);
  location.reload();
}
function genbaTheme(name) {
  genbaKeep(name, document.body.classList.contains("body--dark") ? "light" : "dark");
}
function genbaEnd(id) {
  requestAnimationFrame(() => {
    const log = document.querySelector(`#c${id} .log`);
    if (log) log.scrollTop = log.scrollHeight;
  });
}
// Unfolds every part of a form that holds a wrong answer, and goes to the first.
function genbaFaults() {
  setTimeout(() => {
    const faults = [...document.querySelectorAll(".field:has([role=alert])")];
    faults.forEach((field) => field.closest("details")?.setAttribute("open", ""));
    faults[0]?.querySelector("input, textarea, button")?.focus();
  }, 50);
}
// The server draws charts for one theme, so it must know which; dark is the only one it would not guess.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const known = /(?:^|; )genba_system_theme=(\w+)/.exec(document.cookie)?.[1] ?? "light";
  if (system === known) return;
  genbaCookie("genba_system_theme", system);
  if (document.cookie.includes(`genba_system_theme=${system}`) && !/(?:^|; )genba_theme=/.test(document.cookie)) location.reload();
})();
