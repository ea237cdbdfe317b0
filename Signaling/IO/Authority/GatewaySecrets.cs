using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.IO.Authority;

/// <summary>Makes what is stored of a gateway's digest password.</summary>
public static class GatewaySecrets
{
    /// <summary>The encrypted H(user:realm:password) of one algorithm.</summary>
    public static byte[] Seal(SecretBox box, DigestAlgorithm algorithm, string gateway, string realm, string password) =>
        DigestAuthenticator.Seal(box, algorithm, gateway, realm, password);
}
