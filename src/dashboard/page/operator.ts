/** Signing in with the operator's token, and out. */
import type { Overview } from "../schema.ts";
import { ask, Refused, setToken, signedIn, textOf } from "./api.ts";
import { byId } from "./dom.ts";

/** @param onChange called when who looks is another one than before */
export function offerSignIn(onChange: () => void): void {
  const button = byId("operator"), dialog = byId<HTMLDialogElement>("sign");
  const token = byId<HTMLInputElement>("token"), error = byId("sign-error");
  const show = () => {
    button.textContent = signedIn() ? "Sign out" : "Operator";
    document.body.toggleAttribute("data-operator", signedIn());
  };
  button.addEventListener("click", () => {
    if (!signedIn()) {
      error.textContent = "";
      return dialog.showModal();
    }
    setToken(undefined);
    show();
    onChange();
  });
  byId("sign-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => token.value = "");
  byId("sign-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = "";
    setToken(token.value);
    try {
      await ask("/overview");
      dialog.close();
      show();
      onChange();
    } catch (reason) {
      setToken(undefined);
      const wrong = reason instanceof Refused && reason.status === 401;
      error.textContent = wrong ? "That is not this enode's token." : textOf(reason);
      token.select();
    }
  });
  ask<Overview>("/overview").then(
    ({ operator }) => button.hidden = operator === "off",
    (reason) => {
      if (!(reason instanceof Refused) || reason.status !== 401) return;
      // The enode has another one since.
      setToken(undefined);
      button.hidden = false;
      show();
      onChange();
    },
  );
  show();
}
