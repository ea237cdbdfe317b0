namespace MediaRelay.Signaling.Access;

/// <summary>A right that somebody was given for a while.</summary>
/// <param name="Id">Identifier, shown in the audit.</param>
/// <param name="Home">The home it opens.</param>
/// <param name="Subject">The actor's id.</param>
/// <param name="Actions">What it allows.</param>
/// <param name="From">First moment.</param>
/// <param name="Until">End; media that runs on it stops then.</param>
/// <param name="GivenBy">Who gave it.</param>
/// <param name="Reason">Why, for the home owner's log.</param>
public sealed record AccessGrant(string Id, string Home, string Subject, IReadOnlyList<HomeAction> Actions, DateTimeOffset From, DateTimeOffset Until, string GivenBy, string Reason)
{
    /// <summary>True while the grant runs.</summary>
    public bool IsOpen(DateTimeOffset utcNow) => From <= utcNow && utcNow < Until;
}
