namespace MediaRelay.Signaling.Contract;

/// <summary>Why a document or one message of it was refused.</summary>
/// <param name="Code">Stable code for programs, e.g. <c>malformed</c>, <c>limit</c>, <c>schema</c>.</param>
/// <param name="Line">Line of the document, 1 is the first; 0 when unknown.</param>
/// <param name="Text">One sentence for people; never contains input values.</param>
public readonly record struct SmaFault(string Code, int Line, string Text)
{
    /// <summary>Not well-formed XML, or not UTF-8.</summary>
    public const string Malformed = "malformed";

    /// <summary>One of the limits on depth, counts or lengths was passed.</summary>
    public const string Limit = "limit";

    /// <summary>Well-formed, but not what the schema allows.</summary>
    public const string Schema = "schema";

    /// <summary>Valid by the schema, but the values contradict each other.</summary>
    public const string Meaning = "meaning";
}
