import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./tokens.css";
import "./base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { applyTheme } from "./state/theme";

applyTheme("system"); // before the first frame; App takes over
const target = document.getElementById("app");
if (target) mount(App, { target });
