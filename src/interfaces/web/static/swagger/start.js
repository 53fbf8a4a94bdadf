"use strict";
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/schema",
    dom_id: "#viewer",
    deepLinking: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
});
