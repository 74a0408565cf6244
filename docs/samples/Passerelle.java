// A portal's three calls in Java: hand in a form, list the person's requests, add to one. Takes Java 17 or later.
//
//   PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=… java Passerelle.java ce.0210001A@ac-dijon.fr

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Passerelle {
    private static final String URL = System.getenv("PASSERELLE_URL");
    private static final String SECRET = System.getenv("PASSERELLE_SECRET");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** Signs and sends a call; gives its answer, JSON. */
    static String call(String method, String address, String body, String key) throws Exception {
        String timestamp = Long.toString(Instant.now().getEpochSecond());
        // What is signed is what is sent, byte for byte, each with a line feed behind it.
        byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(body.getBytes(UTF_8));
        String digest = HexFormat.of().formatHex(sha256);
        String signed = String.join("\n", "v3", timestamp, method, address, key == null ? "" : key, digest, "");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET.getBytes(UTF_8), "HmacSHA256"));
        String signature = HexFormat.of().formatHex(mac.doFinal(signed.getBytes(UTF_8)));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(URL + address))
                .timeout(Duration.ofSeconds(100))
                .header("X-Passerelle-Timestamp", timestamp)
                .header("X-Passerelle-Signature", "v3=" + signature)
                .method(method, HttpRequest.BodyPublishers.ofString(body, UTF_8));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (key != null) {
            request.header("Idempotency-Key", key);
        }
        HttpResponse<String> answer = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
        // A problem (RFC 9457): its reason for programs, its detail for people. After 503, send the same again.
        if (answer.statusCode() >= 300) {
            System.err.println(answer.statusCode() + " " + answer.body());
            System.exit(1);
        }
        return answer.body();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 1 || URL == null || URL.isEmpty() || SECRET == null || SECRET.isEmpty()) {
            System.err.println("usage: PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=... Passerelle.java REQUESTER");
            System.exit(64);
        }
        String query = "?requester=" + URLEncoder.encode(arguments[0], UTF_8);
        String form = """
                {
                  "application": "LSU",
                  "title": "Bilans bloqués (Java)",
                  "description": "Le bouton « Valider » reste grisé.",
                  "attachments": [{"name": "capture.txt", "content_type": "text/plain", "content": "RXJyZXVyIDUwMA=="}]
                }
                """;
        // The key is the portal's own number of the form: sent again with it, the form makes no second ticket.
        String created = call("POST", "/v1/requests" + query, form, UUID.randomUUID().toString());
        String ticket = Pattern.compile("\"ticket\":(\\d+)").matcher(created).results().findFirst().orElseThrow().group(1);
        System.out.println("ticket " + ticket);

        String listed = call("GET", "/v1/requests" + query + "&state=en-attente&q=" + URLEncoder.encode("grisé", UTF_8), "", null);
        System.out.println("listed " + Pattern.compile("\"number\":").matcher(listed).results().count());

        String more = "{\"description\": \"Toutes les classes de CM2 sont concernées.\"}";
        call("POST", "/v1/requests/" + ticket + "/followups" + query, more, UUID.randomUUID().toString());
        System.out.println("added to " + ticket);
    }
}
