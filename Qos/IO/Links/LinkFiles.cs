using System.Net;

namespace MediaRelay.Qos.IO.Links;

/// <summary>Files that make gate control links TLS with a certificate at both ends.</summary>
/// <param name="Certificate">This end's certificate and its chain, PEM. It names the address that the other end knows this one by.</param>
/// <param name="Key">Its private key, PEM, readable by the owner only.</param>
/// <param name="Authority">Authorities, PEM, one of which must have signed the other end's certificate.</param>
public sealed record LinkFiles(string Certificate, string Key, string Authority)
{
    /// <summary>All three files or none. False with a sentence when only some are named.</summary>
    /// <param name="prefix">How the options are called, up to the file's own name.</param>
    public static bool TryMake(string certificate, string key, string authority, string prefix, out LinkFiles? files, out string fault)
    {
        int named = new[] { certificate, key, authority }.Count(f => f.Length > 0);
        files = named == 3 ? new LinkFiles(certificate, key, authority) : null;
        fault = named is 0 or 3 ? "" : $"{prefix} names {named} of three files. Name the certificate, its key and the authority of the other end, or none.";
        return fault.Length == 0;
    }

    /// <summary>
    /// Why gate control may not use this address, or null. COPS has no protection of its own, so that a plain link leaves the machine
    /// only when the operator says that IPsec protects it.
    /// </summary>
    /// <param name="option">How the option for IPsec is called.</param>
    public static string? Refusal(IPEndPoint address, LinkFiles? files, bool hasIpsec, string option) =>
        files is not null || hasIpsec || IPAddress.IsLoopback(address.Address)
            ? null
            : $"Gate control on {address} would be readable and open to forgery on the network. Name certificate, key and authority for TLS, or set {option} when IPsec protects the link.";
}
