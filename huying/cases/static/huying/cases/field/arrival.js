// 接班: the moment of the tap and, where the phone gives it at once, the place. Neither holds the tap up.
let place = null;
const forms = document.querySelectorAll("[data-arrival]");
if (forms.length && navigator.permissions?.query) {
  // Only where the person has allowed it before: taking over must not begin with a question.
  navigator.permissions.query({ name: "geolocation" }).then((answer) => {
    if (answer.state !== "granted") return;
    navigator.geolocation.getCurrentPosition(({ coords }) => { place = coords; }, () => {}, { maximumAge: 60000, timeout: 20000 });
  }).catch(() => {});
}
for (const form of forms) {
  // Before the outbox reads the form: it listens on the document.
  form.addEventListener("submit", () => {
    form.elements.tapped_at.value = new Date().toISOString();
    if (place) [form.elements.lng.value, form.elements.lat.value] = [place.longitude, place.latitude];
  }, true);
}
