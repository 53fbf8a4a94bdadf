// What both pages share: the token from the link, words in the reader's language, and sending.

const WORDS = {
  nl: {
    working: "Een ogenblik…",
    verified: "Je e-mailadres is bevestigd. Je kunt dit venster sluiten.",
    changed: "Je wachtwoord is gewijzigd. Je kunt nu inloggen.",
    unusable: "Deze link is fout, gebruikt of verlopen. Vraag een nieuwe.",
    refused: "Dit wachtwoord is te kort of te bekend. Kies een ander, van minstens 12 tekens.",
    failed: "Dat lukte niet. Probeer het later opnieuw.",
    newPassword: "Nieuw wachtwoord (minstens 12 tekens)",
    save: "Bewaren",
  },
  fr: {
    working: "Un instant…",
    verified: "Votre adresse e-mail est confirmée. Vous pouvez fermer cette fenêtre.",
    changed: "Votre mot de passe est modifié. Vous pouvez vous connecter.",
    unusable: "Ce lien est erroné, utilisé ou expiré. Demandez-en un nouveau.",
    refused: "Ce mot de passe est trop court ou trop connu. Choisissez-en un autre, d'au moins 12 caractères.",
    failed: "Cela n'a pas fonctionné. Réessayez plus tard.",
    newPassword: "Nouveau mot de passe (au moins 12 caractères)",
    save: "Enregistrer",
  },
  en: {
    working: "One moment…",
    verified: "Your e-mail address is verified. You can close this window.",
    changed: "Your password is changed. You can sign in now.",
    unusable: "This link is wrong, was used or has expired. Ask for a new one.",
    refused: "This password is too short or too common. Choose another one of at least 12 characters.",
    failed: "That did not work. Try again later.",
    newPassword: "New password (at least 12 characters)",
    save: "Save",
  },
};

const language = (navigator.languages || ["nl"]).map((tag) => tag.slice(0, 2)).find((tag) => tag in WORDS) || "nl";
export const words = WORDS[language];
document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-text]")) element.textContent = words[element.dataset.text];

export const token = new URLSearchParams(location.search).get("token") || "";
// The token leaves the address bar, the history and any screenshot.
history.replaceState(null, "", location.pathname);

export function say(text) {
  document.getElementById("message").textContent = text;
}

/** Posts JSON; answers null when it worked, else the names of the wrong fields (none: something else failed). */
export async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.ok) return null;
    const problem = await response.json();
    return (problem.errors || []).map((error) => error.field);
  } catch {
    return [];
  }
}
