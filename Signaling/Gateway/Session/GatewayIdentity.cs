using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MediaRelay.Gateway.Session;

/// <summary>The gateway's key and certificate: made at the first contact with a claim code, renewed with the old certificate.</summary>
public static class GatewayIdentity
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Opens the certificate of a folder; null when there is none.</summary>
    /// <remarks>A renewal that was cut off between its two moves left the new key beside the old certificate, and the new certificate beside both: the move is made up for.</remarks>
    public static X509Certificate2? Open(string folder)
    {
        string certificate = Path.Combine(folder, "gateway.crt"), key = Path.Combine(folder, "gateway.key"), renewed = certificate + ".new";
        if (File.Exists(key) && File.Exists(renewed) && IsPair(renewed, key))
            File.Move(renewed, certificate, true);
        return File.Exists(certificate) && File.Exists(key) ? X509Certificate2.CreateFromPemFile(certificate, key) : null;
    }

    private static bool IsPair(string certificate, string key)
    {
        try
        {
            using X509Certificate2 opened = X509Certificate2.CreateFromPemFile(certificate, key);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // It is half written, or its key was not moved yet: the old pair is whole.
            return false;
        }
    }

    /// <summary>True when a third of the life, or 30 days, are left.</summary>
    public static bool IsRenewalDue(X509Certificate2 certificate, DateTimeOffset utcNow)
    {
        TimeSpan life = certificate.NotAfter - certificate.NotBefore;
        return certificate.NotAfter.ToUniversalTime() - (life / 3 < TimeSpan.FromDays(30) ? life / 3 : TimeSpan.FromDays(30)) < utcNow;
    }

    /// <summary>Makes a new key and asks for its certificate; on success both are in the folder.</summary>
    /// <returns>Null on success, else one sentence.</returns>
    /// <exception cref="IOException">The server did not answer.</exception>
    public static async Task<string?> EnrolAsync(ISmaLink link, string gateway, string? claim, string folder, CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=\"{gateway}\"", key, HashAlgorithmName.SHA256);
        var x = new XmlOutput();
        SmaWriter.WriteEnrol(x, new EnrolRequest(gateway, claim, request.CreateSigningRequestPem()));
        SmaAnswer answer = await link.SendAsync("POST", "/sma/1/enrol", x.WrittenMemory, null, s_patience, cancellation).ConfigureAwait(false);
        if (answer.Status != 200)
            return SmaReader.TryReadError(answer.Body, out ErrorDocument error, out _) ? error.Detail : $"The server answered {answer.Status}.";
        if (!SmaReader.TryReadEnrolled(answer.Body, out EnrolAnswer enrolled, out SmaFault fault))
            return fault.Text;
        Directory.CreateDirectory(folder);
        // The key first: a certificate without its key would be taken for an identity. What a crash leaves between the moves is mended by Open.
        WritePrivate(Path.Combine(folder, "gateway.key.new"), key.ExportPkcs8PrivateKeyPem());
        WritePrivate(Path.Combine(folder, "gateway.crt.new"), enrolled.Certificate);
        File.Move(Path.Combine(folder, "gateway.key.new"), Path.Combine(folder, "gateway.key"), true);
        File.Move(Path.Combine(folder, "gateway.crt.new"), Path.Combine(folder, "gateway.crt"), true);
        return null;
    }

    private static void WritePrivate(string path, string content)
    {
        File.Delete(path);
        using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        stream.Write(System.Text.Encoding.ASCII.GetBytes(content));
        stream.Flush(flushToDisk: true);
    }
}
