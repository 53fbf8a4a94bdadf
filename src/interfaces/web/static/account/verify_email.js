import { post, say, token, words } from "./token_page.js";

say(words.working);
const wrong = await post("/api/auth/verify-email", { token });
say(wrong === null ? words.verified : wrong.includes("token") ? words.unusable : words.failed);
