// Passkeys: a form with data-passkey="get" or "create" asks the device and is sent with its answer.
// The options stand in the page (data-options) or are asked for (data-options-url).

const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function read(options) {
  const read = { ...options, challenge: fromText(options.challenge) };
  if (options.user) read.user = { ...options.user, id: fromText(options.user.id) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) read[list] = options[list].map((one) => ({ ...one, id: fromText(one.id) }));
  }
  return read;
}

function written(credential) {
  const answer = credential.response;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const response = {};
  for (const part of parts) if (answer[part]) response[part] = toText(answer[part]);
  if (answer.getTransports) response.transports = answer.getTransports();
  return {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.dataset.optionsUrl, { headers: { "X-Requested-With": "XMLHttpRequest", Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).request_options;
}

async function run(form) {
  const options = read((await optionsOf(form)).publicKey);
  if (form.dataset.passkey === "create") {
    if (form.elements.passwordless?.checked) {
      options.authenticatorSelection = {
        ...options.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
      };
    }
    return written(await navigator.credentials.create({ publicKey: options }));
  }
  return written(await navigator.credentials.get({ publicKey: options }));
}

// Which sentence of the form says it.
const said = { NotAllowedError: "cancelled", InvalidStateError: "known", SecurityError: "place" };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.querySelector("[data-passkey-start]").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    const error = form.querySelector("[data-passkey-error]");
    error.hidden = true;
    button.disabled = true;
    try {
      form.elements.credential.value = JSON.stringify(await run(form));
      form.submit();
    } catch (reason) {
      error.textContent = error.dataset[said[reason.name] ?? "failed"];
      error.hidden = false;
      button.disabled = false;
    }
  });
}
