// The interactive figures. A page asks for one by <div class="interactive" data-figure="NAME"></div>.

import { settle } from "./page.mjs";
import { hops } from "./hops.mjs";
import { impulseResponse } from "./impulse-response.mjs";
import { lastingMemory } from "./lasting-memory.mjs";
import { lookInto } from "./look-into.mjs";
import { routes } from "./routes.mjs";
import { filterTables } from "./table-filter.mjs";
import { printLight } from "./theme.mjs";
import { threeMemories } from "./three-memories.mjs";
import { walkBackwards } from "./walk-backwards.mjs";
import { markWide } from "./wide.mjs";

settle({
  hops,
  "impulse-response": impulseResponse,
  "lasting-memory": lastingMemory,
  "look-into": lookInto,
  routes,
  "three-memories": threeMemories,
  "walk-backwards": walkBackwards,
});
filterTables();
printLight();
markWide();
