/** The page: one board, by one person. Both stand in its URL. */
import "@fontsource-variable/inter/wght.css";
import "./page.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { openClient } from "./client.js";
import { visitorOf } from "./visitor.js";

const { room, me } = visitorOf(location);
document.title = `${room} · Verso Board`;
mount(App, { target: document.body, props: { client: openClient(me.name), room, me } });
