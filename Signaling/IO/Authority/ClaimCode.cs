using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.IO.Authority;

/// <summary>The one-time code with which a gateway enrols: 100 random bits in letters that people do not mix up.</summary>
public static class ClaimCode
{
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// <summary>A new code, e.g. <c>K7QDA-2MXWP-9FHTC-VBN4R</c>.</summary>
    public static string Create()
    {
        var code = new StringBuilder(23);
        for (int i = 0; i < 20; i++)
        {
            if (i > 0 && i % 5 == 0)
                code.Append('-');
            code.Append(Alphabet[RandomNumberGenerator.GetInt32(Alphabet.Length)]);
        }

        return code.ToString();
    }

    /// <summary>What is stored of a code.</summary>
    public static byte[] Digest(string code) => SHA256.HashData(Encoding.ASCII.GetBytes(code.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant()));
}
