namespace MediaRelay.Signaling.Contract;

/// <summary>Constants of sma-sig-1, major version 1 (sma-sig-1 sections 3, 4 and 8).</summary>
public static class SmaContract
{
    /// <summary>The XML namespace; its last number is the major version.</summary>
    public const string Namespace = "urn:mediarelay:sma:1";

    /// <summary>Base of the URI in a gateway certificate's subject alternative name.</summary>
    public const string GatewayUriPrefix = "urn:mediarelay:gw:";

    /// <summary>Base of the <c>type</c> of an error document.</summary>
    public const string ErrorTypePrefix = "urn:mediarelay:error:";

    /// <summary>The media type of every document.</summary>
    public const string ContentType = "application/xml; charset=utf-8";

    /// <summary>Events in one POST, at most.</summary>
    public const int MaxEvents = 256;

    /// <summary>Instructions in one answer, at most.</summary>
    public const int MaxInstructions = 64;

    /// <summary>Octets of the instructions in one answer, at most; a single larger one goes alone. With what else an answer holds it stays within what a gateway reads.</summary>
    public const int MaxInstructionOctets = 192 * 1024;

    /// <summary>Properties in one device element, at most.</summary>
    public const int MaxProperties = 64;

    /// <summary>Octets of one document, at most: as many as the reader takes characters (<see cref="XmlLimits.Characters"/>).</summary>
    public const int MaxBody = 256 * 1024;

    /// <summary>The largest sequence number; storage keeps them as signed 64-bit numbers.</summary>
    public const ulong MaxSeq = long.MaxValue;

    /// <summary>True for 1-64 characters of <c>A-Za-z0-9._-</c>, the form of every identifier.</summary>
    public static bool IsId(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 64)
            return false;
        foreach (char c in text)
        {
            if (!(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
                return false;
        }

        return true;
    }
}
