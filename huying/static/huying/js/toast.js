// Toasts: those of the server leave by themselves, errors stay; scripts may add their own.
import { words } from "./words.js";

const SECONDS = 8;

/** Start the leaving time of toasts that have none yet; one with undo or an error stays until dismissed or for longer. */
export function arm(root = document) {
  for (const toast of root.querySelectorAll("[data-toast]:not([data-armed])")) {
    toast.dataset.armed = "";
    if (toast.matches(".toast--error, .toast--warning")) continue;
    const seconds = toast.querySelector("form") ? SECONDS * 2 : SECONDS;
    let timer = setTimeout(() => toast.remove(), seconds * 1000);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => { timer = setTimeout(() => toast.remove(), 3000); });
  }
}

/** Show a toast from a script. */
export function show(text, level = "info") {
  // The same news twice is one piece of news.
  for (const other of document.querySelectorAll("#toasts [data-toast]")) if (other.querySelector(".toast__text").textContent === text) return other;
  const toast = document.createElement("div");
  toast.className = `toast toast--${level}`;
  toast.dataset.toast = "";
  toast.setAttribute("role", level === "error" ? "alert" : "status");
  const body = document.createElement("span");
  body.className = "toast__text";
  body.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.dataset.dismiss = "";
  close.textContent = words.dismiss;
  toast.append(body, close);
  document.getElementById("toasts")?.append(toast);
  arm();
  return toast;
}

document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest("[data-toast]").remove());
