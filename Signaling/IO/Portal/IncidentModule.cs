using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Incidents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Incidents: the operators' queue, one record, what people do with it, and its export.</summary>
internal sealed class IncidentModule(HomeRecords homes, HomeKeeper keeper, HomeViews views, AccessGate gate, InstructionDesk desk, TimeProvider time) : IPortalModule
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/incidents", List).WithSummary("Incidents: the queue sorted by urgency and age, or one home's.");
        RouteGroupBuilder one = routes.MapGroup("/api/incidents/{id}");
        one.MapGet("", (HttpContext c, string id) => ReadAsync(c, id, "Read the incident", incident => Results.Json(View(c, incident)))).WithSummary("One incident with everything that happened.");
        one.MapPost("/claim", (HttpContext c, string id, ClaimRequest r) => ChangeAsync(c, id, string.IsNullOrWhiteSpace(r.Reason) ? HomeAction.WorkAlarm : HomeAction.SuperviseAlarm, "Claim the alarm.",
            (book, actor) => book.Claim(id, actor, r.Reason, time.GetUtcNow()), desk.TellHandled)).WithSummary("Claim it; a supervisor takes over with a reason.");
        one.MapPost("/note", (HttpContext c, string id, NoteRequest r) => LineAsync(c, id, IncidentEntryKind.Note, r.Text)).WithSummary("Write a note.");
        one.MapPost("/call", (HttpContext c, string id, CallRequest r) => LineAsync(c, id, IncidentEntryKind.Call, $"Called {r.Contact}: {r.Result}.")).WithSummary("Note a call to the call list and its result.");
        one.MapPost("/extend", (HttpContext c, string id, ExtendRequest r) => ChangeAsync(c, id, HomeAction.SuperviseAlarm, "Extend the look-in window.",
            (book, actor) => book.Extend(id, actor, r.Until, r.Reason ?? "", time.GetUtcNow()))).WithSummary("Extend the look-in window, at most an hour.");
        one.MapPost("/close", (HttpContext c, string id, CloseRequest r) => ChangeAsync(c, id, HomeAction.WorkAlarm, "Close the alarm.",
            (book, actor) => book.Close(id, actor, r.Disposition, r.Level, r.Note, time.GetUtcNow()))).WithSummary("Close it with an outcome and a level of AVS-01.");
        one.MapGet("/export", ExportAsync).WithSummary("The record as JSON or text, with its digest.");
    }

    private IResult List(HttpContext context, string? state, string? home)
    {
        Actor actor = PortalGuard.ActorOf(context);
        home ??= actor.Home;
        if (gate.Peek(actor, HomeAction.ViewIncidents, home ?? "") is { IsAllowed: false } refused)
            return Problem.Refused(refused.Reason);
        bool? open = state switch { "open" => true, "closed" => false, _ => null };
        var incidents = homes.Incidents(home, open).Where(i => !IsHidden(context, i)).OrderBy(i => i.State == IncidentState.Closed).ThenBy(i => i.State == IncidentState.Closed ? 0 : i.Priority)
            .ThenBy(i => i.State == IncidentState.Closed ? -i.Opened.ToUnixTimeMilliseconds() : i.Opened.ToUnixTimeMilliseconds());
        return Results.Json(new
        {
            incidents = incidents.Select(i => new { i.Id, i.Home, homeName = homes.Find(i.Home)?.Name, i.Title, i.Code, i.Priority, i.Opened, i.LastSignal, i.State, i.ClaimedBy, i.Level, i.Cancelled, i.Closed, i.Disposition, entries = i.Entries.Count }),
        });
    }

    private async Task<IResult> ReadAsync(HttpContext context, string id, string detail, Func<Incident, IResult> answer)
    {
        Incident? incident = homes.FindIncident(id);
        AccessDecision decision = await gate.AskToReadAsync(
            PortalGuard.ActorOf(context), HomeAction.ViewIncidents, incident?.Home ?? "", null, PortalGuard.SourceOf(context), $"{detail} ({incident?.Id ?? "unknown"}).").ConfigureAwait(false);
        if (incident is not null && IsHidden(context, incident))
            incident = null;
        return !decision.IsAllowed ? Problem.Refused(decision.Reason) : incident is null ? Problem.Unknown("There is no such incident.") : answer(incident);
    }

    /// <summary>A call for help by duress code is not shown in the home before the station has closed it.</summary>
    private static bool IsHidden(HttpContext context, Incident incident) =>
        incident.IsSilent && !SilentAlarms.MayKnow(PortalGuard.ActorOf(context).Role);

    private object View(HttpContext context, Incident incident)
    {
        HomeRecord? home = homes.Find(incident.Home);
        bool isStaff = PortalGuard.SessionOf(context)!.User.IsStaff;
        // Whom to call, their pass phrases and the cameras are for who works the alarm, until it is closed.
        HomeRecord? inWork = isStaff && incident.State == IncidentState.Closed ? null : home;
        return new
        {
            incident,
            homeName = home?.Name,
            windowEnds = incident.OpensHome ? incident.EndOfWindow() : (DateTimeOffset?)null,
            cameras = inWork?.Devices.Where(d => d.Type == "camera").Select(d => new { id = d.Ref, name = inWork.NameOf(d), rule = inWork.RuleOf(d.Ref) }),
            // The state of the home is shown while the alarm gives the right to see it, as the access policy says at this moment.
            state = home is not null && isStaff && gate.Peek(PortalGuard.ActorOf(context), HomeAction.ViewState, home.Id).IsAllowed ? views.Brief(home) : null,
            callList = inWork?.Contacts.Select(c => new { c.Name, c.Channel, c.Address, c.PassPhrase }),
        };
    }

    private Task<IResult> LineAsync(HttpContext context, string id, IncidentEntryKind kind, string? text) =>
        string.IsNullOrWhiteSpace(text) || text.Length > 2000
            ? Task.FromResult(Problem.Invalid("Write 1 to 2000 characters."))
            : ChangeAsync(context, id, HomeAction.WorkAlarm, kind == IncidentEntryKind.Call ? "Call a contact." : "Write a note.",
                (book, actor) => book.Add(id, new IncidentEntry(time.GetUtcNow(), kind, actor.Name, text.Trim())) is { } changed ? new(changed, null) : new(null, "The incident is closed."));

    private async Task<IResult> ChangeAsync(HttpContext context, string id, HomeAction action, string detail, Func<IncidentBook, Actor, IncidentResult> change, Action<Incident>? then = null)
    {
        Actor actor = PortalGuard.ActorOf(context);
        Incident? found = homes.FindIncident(id);
        AccessDecision decision = await gate.AskAsync(actor, action, found?.Home ?? "", null, PortalGuard.SourceOf(context), $"{detail} ({id})").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        IncidentResult result = await keeper.ChangeAsync(id, book => change(book, actor)).ConfigureAwait(false);
        if (result.Incident is not null)
            then?.Invoke(result.Incident);
        return result.Incident is { } changed ? Results.Json(View(context, changed)) : Problem.Of(StatusCodes.Status409Conflict, "incident-conflict", result.Refusal ?? "Nothing was changed.");
    }

    private Task<IResult> ExportAsync(HttpContext context, string id, string? format) => ReadAsync(context, id, "Export the incident", incident =>
    {
        string body = format == "text" ? Text(incident) : PortalJson.Write(incident);
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        context.Response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes))}:";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{incident.Id}.{(format == "text" ? "txt" : "json")}\"";
        return Results.Bytes(bytes, format == "text" ? "text/plain; charset=utf-8" : "application/json");
    });

    /// <summary>The record for a printer: one line per entry.</summary>
    internal static string Text(Incident incident)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Incident {incident.Id}");
        text.AppendLine(OneLine($"{incident.Title} (Contact ID {incident.Code}, priority {incident.Priority}, level {incident.Level})"));
        text.AppendLine(CultureInfo.InvariantCulture, $"Home {incident.Home}, opened {incident.Opened:O}, {incident.State}{(incident.Disposition is { } d ? $" as {d}" : "")}");
        text.AppendLine();
        foreach (IncidentEntry entry in incident.Entries)
            text.AppendLine(OneLine($"{entry.At:yyyy-MM-dd HH:mm:ss.fff}Z  {entry.Kind,-8}  {entry.Actor}: {entry.Text}{(entry.Reference is null ? "" : $" [{entry.Reference}]")}"));
        return text.ToString();
    }

    /// <summary>What people and homes wrote, with line breaks as " / " and nothing else that moves a printer or turns the text around: a note must not look like two entries.</summary>
    private static string OneLine(FormattableString text) => string.Concat(FormattableString.Invariant(text).ReplaceLineEndings(" / ").Where(c =>
        !char.IsControl(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)));

    internal sealed record ClaimRequest(string? Reason);

    internal sealed record NoteRequest(string? Text);

    internal sealed record CallRequest(string Contact, string Result);

    internal sealed record ExtendRequest(DateTimeOffset Until, string? Reason);

    internal sealed record CloseRequest(Disposition Disposition, int? Level, string? Note);
}
