import { render } from "preact";
import { App } from "./app";
import { LIVE } from "./ground";
import { start } from "./state";
import "./style.css";
import "./import.css";
import "./export.css";
import "./members.css";
import "./incidents.css";
import "./rules.css";
import "./worklist.css";
import "./proposal.css";
import "./exceptions.css";
import "./history.css";

// The map's code is fetched while the session is asked for, and while somebody signs in.
if (LIVE) void import("./map");
void start();
render(<App />, document.getElementById("app")!);
