"""What can be wrong with TLS, one row each: the reason, and what to change on which side (PS3.15 B.12).

The codes end with the kind of failure that `dimse.tls.failure_of` tells.
"""

_OLD = (
    "Update {who}, or set it up for TLS 1.2 or 1.3 with cipher suites of BCP 195 (ECDHE and AES-GCM); this server"
    " speaks no other."
)

_LISTS = (
    "Take the newest list of every authority that is trusted here over with `hounsfield tls crl`, or remove crl.pem from "
    "the folder tls here, and no certificate counts as revoked."
)

TLS_FINDINGS: dict[str, tuple[str, str]] = {
    # -- who calls us
    "caller-plain": (
        "The caller at {address} does not speak TLS, and this is our port for TLS.",
        "Turn TLS on on the caller, or let it call our port without TLS ({plain_port}).",
    ),
    "caller-tls": (
        "TLS with the caller at {address} failed: {text}.",
        (
            "Let both sides know the certificate, or its authority, of the other: `hounsfield tls show` says what we "
            "have, `hounsfield tls issue` makes a certificate for the caller."
        ),
    ),
    "caller-tls-none": (
        "The caller at {address} speaks TLS, but shows no certificate of its own.",
        (
            "Give the caller a certificate: `hounsfield tls issue` makes one. Or let callers do without: "
            'dimse.tls_client_certificates = "accept".'
        ),
    ),
    "caller-tls-unknown": (
        "TLS with the caller at {address} failed: {text}.",
        (
            "Add its authority here: `hounsfield tls use` takes several with --ca. Or give the caller a certificate of "
            "ours: `hounsfield tls issue`."
        ),
    ),
    "caller-tls-expired": (
        "TLS with the caller at {address} failed: {text}.",
        "Give the caller a new certificate, and compare the clocks of both; `hounsfield tls issue` makes one.",
    ),
    "caller-tls-unfit": (
        "TLS with the caller at {address} failed: {text}.",
        (
            "To trust it here would not help. Have whoever gave it issue another one, good for clients and servers, with "
            "an RSA key of 2048 bits or more or ECDSA; `hounsfield tls issue` makes such a one."
        ),
    ),
    "caller-tls-revoked": (
        "TLS with the caller at {address} failed: {text}.",
        (
            "Whoever withdrew the certificate meant that nobody calls with it any more. If the caller is to be let in, "
            "give it a new one: `hounsfield tls issue` makes one."
        ),
    ),
    "caller-tls-crl": ("TLS with the caller at {address} failed: {text}.", _LISTS),
    "caller-tls-refused": (
        "The caller at {address} did not take our certificate: {text}.",
        (
            "Let the caller trust our authority: take ca.pem from the folder tls here to it. Look with `hounsfield tls "
            "show` whether our certificate is good still and has the name that the caller calls us by."
        ),
    ),
    "caller-tls-left": (
        "The caller at {address} began with TLS and hung up when it had seen our certificate, without a word why.",
        (
            "Most likely it does not trust our certificate: take ca.pem from the folder tls here to it, and look with "
            "`hounsfield tls show` whether the certificate has the name that the caller calls us by. Its own log says more."
        ),
    ),
    "caller-tls-old": (
        "The caller at {address} and this server have no TLS in common: {text}.",
        _OLD.replace("{who}", "the caller"),
    ),
    # -- who calls us, and is tied to TLS or to a certificate
    "caller-tls-only": (
        "{peer} called from {address} without TLS, and may call over TLS only.",
        (
            "Turn TLS on on {calling} and let it call our port for TLS ({tls_port}). Or let the peer call without TLS: on "
            "the page of peers here, or with `hounsfield peer set {peer:shell} --no-tls-only`."
        ),
    ),
    "caller-certificate": (
        "{calling} called from {address} with another certificate than it is tied to here ({wanted}): {shown}.",
        (
            "If {calling} has a new certificate, tie the peer to that here: on the page of peers, or with `hounsfield peer "
            "set {peer:shell} --certificate …`. If not, another system calls with its AE title: give it one of its own."
        ),
    ),
    "caller-certificate-of-other": (
        "{calling} called from {address} with the certificate of another peer, {owner}: {shown}.",
        (
            "Let each system show a certificate of its own; `hounsfield tls issue` makes one. If both are one system, tie "
            "the peer {calling} to this certificate too."
        ),
    ),
    "tls-only-without-tls": (
        "{peer} may call us over TLS only, and there are no certificates here to speak TLS with: it cannot call.",
        "Make certificates with `hounsfield tls init`, or take given ones over with `hounsfield tls use`.",
    ),
    # -- whom we call
    "their-plain": (
        "We called {host}:{port} with TLS, and what answers there does not speak it ({text}).",
        "Turn TLS off for the peer here, or correct the port to the one of {peer} for TLS; 2762 is usual.",
    ),
    "their-certificate": (
        "TLS with {peer} at {host}:{port} failed: {text}.",
        "Let both sides know the certificate, or its authority, of the other: `hounsfield tls` here.",
    ),
    "their-certificate-gone": (
        "We called {host}:{port} with TLS, and it hung up while TLS was being set up.",
        (
            "If {peer} does not speak TLS there, turn TLS off for the peer here or correct the port. If it does, it most "
            "likely does not take our certificate: let it trust our authority, ca.pem in the folder tls here."
        ),
    ),
    "their-certificate-silent": (
        "We called {host}:{port} with TLS, and nothing came back ({text}).",
        (
            "Most likely {peer} does not speak TLS there: turn TLS off for the peer here, or correct the port to the one "
            "for TLS; 2762 is usual. If it does, its DICOM service hangs: restart it."
        ),
    ),
    "their-certificate-expired": (
        "TLS with {peer} at {host}:{port} failed: {text}.",
        "Have the certificate of {peer} renewed there, and compare the clocks of both.",
    ),
    "their-certificate-unfit": (
        "TLS with {peer} at {host}:{port} failed: {text}.",
        (
            "To trust it here would not help. Have whoever gave it to {peer} issue another one, good for clients and "
            "servers, with an RSA key of 2048 bits or more or ECDSA; `hounsfield tls issue` makes such a one."
        ),
    ),
    "their-certificate-revoked": (
        "TLS with {peer} at {host}:{port} failed: {text}.",
        "Have a new certificate set up on {peer}: the one it shows has been withdrawn by whoever gave it.",
    ),
    "their-certificate-crl": ("TLS with {peer} at {host}:{port} failed: {text}.", _LISTS),
    "their-certificate-name": (
        "TLS with {peer} failed: {text} than {host}.",
        (
            "Set the host of the peer here to a name that its certificate has, or have one made for {host} there. If "
            "names do not matter at your site, set dimse.tls_check_names to false here."
        ),
    ),
    "their-certificate-unknown": (
        "TLS with {peer} at {host}:{port} failed: {text}.",
        (
            "Add the authority of {peer} here: `hounsfield tls use` takes several with --ca. Or give {peer} a certificate "
            "of ours: `hounsfield tls issue`."
        ),
    ),
    "their-certificate-refused": (
        "{peer} did not take our certificate: {text}.",
        (
            "Let {peer} trust our authority: take ca.pem from the folder tls here to it. Or use a certificate here that "
            "it trusts: `hounsfield tls use`."
        ),
    ),
    "their-certificate-old": (
        "{peer} and this server have no TLS in common: {text}.",
        _OLD.replace("{who}", "{peer}"),
    ),
    "our-certificates": (
        "There is nothing here to speak TLS with: {text}.",
        "Make certificates with `hounsfield tls init`, or take given ones over with `hounsfield tls use`.",
    ),
}


def tls_finding(kind: str, *, is_in: bool) -> str:
    """The code for a kind of failure, of a call that came in or went out; a general one where there is none for it."""
    if kind == "plain":
        return "caller-plain" if is_in else "their-plain"
    general = "caller-tls" if is_in else "their-certificate"
    code = f"{general}-{kind}"
    return code if code in TLS_FINDINGS else general
