const place = location.pathname.replace("/watches/", "/v1/watch/") + "/events";
const events = new EventSource(place);
events.addEventListener("look", async event => {
  const page = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(page, "text/html");
  document.title = fresh.title;
  document.body.replaceChildren(...fresh.body.childNodes);
  if (JSON.parse(event.data).phase !== "running") events.close();
});
