import { render } from "preact";
import { App } from "./app";
import { start } from "./state";
import "./style.css";

void start();
render(<App />, document.getElementById("app")!);
