// Starts stripe-stateful-mock on one port of 127.0.0.1; its own command listens on all interfaces.
const { createExpressApp } = require("stripe-stateful-mock");

createExpressApp().listen(Number(process.argv[2]), "127.0.0.1");
