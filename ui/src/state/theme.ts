// Light or dark, on the document's root. Before a vault is open the system decides.
import type { Theme } from "../api";

const dark = () => matchMedia("(prefers-color-scheme: dark)");

/** Shows a theme and, for `system`, follows the system until the answered function is called. */
export function applyTheme(theme: Theme): () => void {
  const query = dark();
  const show = () => {
    document.documentElement.dataset.theme = theme === "system" ? (query.matches ? "dark" : "light") : theme;
  };
  show();
  if (theme !== "system") return () => undefined;
  query.addEventListener("change", show);
  return () => query.removeEventListener("change", show);
}
