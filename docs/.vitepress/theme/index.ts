// The standard theme, and a player for the home and the page that explains bridges.
import DefaultTheme from "vitepress/theme";
import BridgePlayer from "./BridgePlayer.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => app.component("BridgePlayer", BridgePlayer),
} satisfies typeof DefaultTheme;
