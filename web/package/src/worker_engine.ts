// SPDX-License-Identifier: MIT
// What runs in a worker of a page. The first message brings the port.

import * as library from "./web.js";
import { serve } from "./remote_serve.js";

const failed = (error: unknown) =>
  setTimeout(() => {
    throw error; // uncaught, so that the page hears of it
  });

addEventListener(
  "message",
  ({ data: { port } }) => void library.default().then(() => serve(port, library), failed),
  { once: true },
);
