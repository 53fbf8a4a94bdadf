import { post, say, token, words } from "./token_page.js";

const form = document.getElementById("form");
const button = form.querySelector("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  say(words.working);
  const wrong = await post("/api/auth/reset-password", { token, password: form.password.value });
  button.disabled = false;
  if (wrong === null) {
    form.hidden = true;
    say(words.changed);
  } else if (wrong.includes("token")) {
    say(words.unusable);
  } else {
    say(wrong.includes("password") ? words.refused : words.failed);
  }
});
