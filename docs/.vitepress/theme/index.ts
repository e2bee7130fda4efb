// The standard theme, and a player for the page that explains bridges.
import DefaultTheme from "vitepress/theme";
import BridgePlayer from "./BridgePlayer.vue";

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => app.component("BridgePlayer", BridgePlayer),
} satisfies typeof DefaultTheme;
