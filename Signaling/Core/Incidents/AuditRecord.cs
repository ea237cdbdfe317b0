using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.Incidents;

/// <summary>
/// One line of the audit: who did what to which home, on which grant, with which result, when, from where. Each record carries the hash of
/// the one before, so a changed, removed or inserted record shows.
/// </summary>
/// <param name="Seq">+1 per record; 1 is the first.</param>
/// <param name="At">Wall-clock time.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What, e.g. <c>LookIn</c>.</param>
/// <param name="Home">Which home, or empty.</param>
/// <param name="Grant">What it rested on, e.g. <c>alarm</c>, <c>own-home</c>, <c>grant:g-7</c>, <c>none</c>.</param>
/// <param name="Result"><c>allowed</c>, <c>refused</c>, <c>done</c> or <c>failed</c>.</param>
/// <param name="Source">Where the request came from, e.g. an address.</param>
/// <param name="Detail">One sentence.</param>
/// <param name="Previous">Hash of the record before, 64 hexadecimal digits; zeros for the first.</param>
public sealed record AuditRecord(long Seq, DateTimeOffset At, string Actor, string Action, string Home, string Grant, string Result, string Source, string Detail, string Previous)
{
    /// <summary><see cref="Previous"/> of the first record.</summary>
    public const string Start = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>SHA-256 over all fields, each with its length so that no two records share one text.</summary>
    public string Hash()
    {
        var text = new StringBuilder(256);
        foreach (var field in (string[])[Seq.ToString(CultureInfo.InvariantCulture), At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), Actor, Action, Home, Grant, Result, Source, Detail, Previous])
        {
            text.Append(CultureInfo.InvariantCulture, $"{field.Length}:").Append(field);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
