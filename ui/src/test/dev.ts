// dev.html: the page before a double.
import "./scene";

await import("../main");
