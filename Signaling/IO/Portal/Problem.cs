using Microsoft.AspNetCore.Http;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Errors of the API and of WHEP as problem documents (RFC 9457) with a stable type.</summary>
public static class Problem
{
    private const string Prefix = "urn:mediarelay:problem:";

    /// <summary>A problem document.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="name">Stable name, the end of its type.</param>
    /// <param name="detail">One sentence for people.</param>
    /// <param name="step">The step that failed, when the action has steps.</param>
    public static IResult Of(int status, string name, string detail, string? step = null) => Results.Problem(
        detail, statusCode: status, title: name.Replace('-', ' '), type: Prefix + name,
        extensions: step is null ? null : new Dictionary<string, object?> { ["step"] = step });

    /// <summary>The action is refused by the access policy.</summary>
    public static IResult Refused(string reason) => Of(StatusCodes.Status403Forbidden, "access-refused", reason, "access");

    /// <summary>There is nothing of that name, or it is not for the asker to know.</summary>
    public static IResult Unknown(string what) => Of(StatusCodes.Status404NotFound, "unknown", what);

    /// <summary>The request cannot be understood.</summary>
    public static IResult Invalid(string why) => Of(StatusCodes.Status400BadRequest, "invalid", why);
}
