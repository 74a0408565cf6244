<?php
// A portal's three calls in PHP: hand in a form, list the person's requests, add to one. Takes PHP 8 without extensions.
//
//   PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=… php passerelle.php ce.0210001A@ac-dijon.fr
declare(strict_types=1);

if ($argc !== 2 || !getenv('PASSERELLE_URL') || !getenv('PASSERELLE_SECRET')) {
    fwrite(STDERR, "usage: PASSERELLE_URL=http://127.0.0.1:8080 PASSERELLE_SECRET=... passerelle.php REQUESTER\n");
    exit(64);
}

/** Signs and sends a call; gives its answer. */
function call(string $method, string $path, array $query, ?array $document = null, ?string $key = null): array
{
    $address = $path . '?' . http_build_query($query);
    $body = $document === null ? '' : json_encode($document, JSON_THROW_ON_ERROR);
    $timestamp = (string) time();
    // What is signed is what is sent, byte for byte, each with a line feed behind it.
    $lines = ['v3', $timestamp, $method, $address, $key ?? '', hash('sha256', $body), ''];
    $signature = hash_hmac('sha256', implode("\n", $lines), getenv('PASSERELLE_SECRET'));
    $headers = ["X-Passerelle-Timestamp: $timestamp", "X-Passerelle-Signature: v3=$signature"];
    if ($document !== null) {
        $headers[] = 'Content-Type: application/json';
    }
    if ($key !== null) {
        $headers[] = "Idempotency-Key: $key";
    }
    $options = ['method' => $method, 'header' => $headers, 'content' => $body, 'ignore_errors' => true, 'timeout' => 100];
    $answer = file_get_contents(getenv('PASSERELLE_URL') . $address, false, stream_context_create(['http' => $options]));
    if ($answer === false) {
        fwrite(STDERR, "no answer: send the same again\n");
        exit(1);
    }
    $told = json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
    // A problem (RFC 9457): its reason for programs, its detail for people. After 503, send the same again.
    if (isset($told['reason'], $told['detail'])) {
        fwrite(STDERR, "{$told['status']} {$told['reason']}: {$told['detail']}\n");
        exit(1);
    }
    return $told;
}

$requester = ['requester' => $argv[1]];
$form = [
    'application' => 'LSU',
    'title' => 'Bilans bloqués (PHP)',
    'description' => 'Le bouton « Valider » reste grisé.',
    'attachments' => [['name' => 'capture.txt', 'content_type' => 'text/plain', 'content' => base64_encode('Erreur 500')]],
];
// The key is the portal's own number of the form: sent again with it, the form makes no second ticket.
$ticket = call('POST', '/v1/requests', $requester, $form, bin2hex(random_bytes(16)))['ticket'];
echo "ticket $ticket\n";

$listed = call('GET', '/v1/requests', $requester + ['state' => 'en-attente', 'q' => 'grisé']);
echo 'listed ', count($listed['requests']), "\n";

$more = ['description' => 'Toutes les classes de CM2 sont concernées.'];
call('POST', "/v1/requests/$ticket/followups", $requester, $more, bin2hex(random_bytes(16)));
echo "added to $ticket\n";
