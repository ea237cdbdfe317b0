using System.CommandLine;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay user</c>: the first accounts of the portal, and help for who lost a password or a phone.</summary>
internal static class UserCommand
{
    private static readonly Option<string> s_data = new("--data") { Description = "Node:DataFolder of the server.", HelpName = "folder", DefaultValueFactory = _ => "data" };

    public static Command Create() => new("user", """
        Accounts of the portal, written to the server's storage; a running server sees them at the next login.

        Examples:
          mediarelay user add --data data max --role MsoOperator
          mediarelay user add --data data ann --role HomeOwner --home home-17 --gateway gw-0001
          mediarelay user password --data data ann
          mediarelay user forget-second-factor --data data max
          mediarelay user token --data data ann --for "kitchen screen"
        """)
    {
        Add(), Password(), Forget(), Remove(), Token(), EndTokens(),
    };

    private static Command Add()
    {
        var id = new Argument<string>("name") { Description = "The name typed at login." };
        var role = new Option<ActorRole>("--role") { Description = "What the person is.", Required = true };
        var shown = new Option<string?>("--shown-as") { Description = "The name people see; without it, the login name.", HelpName = "name" };
        var home = new Option<string?>("--home") { Description = "Home of a home owner or guest.", HelpName = "id" };
        var gateway = new Option<string?>("--gateway") { Description = "Gateway of the home, when the home is new.", HelpName = "id" };
        var command = new Command("add", """
            Add a person and print the password, once.

            Examples:
              mediarelay user add --data data olga --role CentralStationOperator --shown-as Olga
            """)
        { s_data, id, role, shown, home, gateway };
        command.SetAction((parse, _) => RunAsync(parse.GetValue(s_data)!, $"user add {parse.GetValue(id)} as {parse.GetValue(role)}", async (storage, users) =>
        {
            string name = parse.GetValue(id)!;
            if (users.Find(name) is not null)
                throw new FormatException($"{name} exists already. Use 'mediarelay user password' for a new password.");
            bool isOfHome = parse.GetValue(role) is ActorRole.HomeOwner or ActorRole.Guest;
            if (isOfHome != (parse.GetValue(home) is not null))
                throw new FormatException(isOfHome ? "A home owner or guest belongs to a home. Name it with --home." : "Staff belong to no home. Leave --home out.");
            if (parse.GetValue(home) is { } place)
                await EnsureHomeAsync(storage, place, parse.GetValue(gateway));
            await new HomeRecords(storage, TimeProvider.System).EndGrantsOfAsync(name);
            await SetAsync(users, new PortalUser { Id = name, Name = parse.GetValue(shown) ?? name, Role = parse.GetValue(role), Home = parse.GetValue(home), Password = "" });
        }));
        return command;
    }

    private static Command Password() => One("password", "Give a person a new password and print it, once.", (_, users, user) => SetAsync(users, user));

    private static Command Forget() => One("forget-second-factor", "Forget a person's second factor, e.g. of a lost phone; the person enrols another.", (_, users, user) => users.SaveAsync(user with { SecondFactor = null }));

    private static Command Remove() => One("remove", "Remove a person, with all rights that were given. What the person has open ends within a second.", async (storage, users, user) =>
    {
        await users.RemoveAsync(user.Id);
        await new HomeRecords(storage, TimeProvider.System).EndGrantsOfAsync(user.Id);
    });

    private static Command EndTokens() => One("end-tokens", "Take all tokens for players back that a person has.", async (storage, users, user) =>
    {
        var tokens = new PortalTokens(storage, users, TimeProvider.System);
        foreach (PortalToken token in tokens.List(user.Id))
            await tokens.RemoveAsync(user.Id, token.Id);
    });

    private static Command Token()
    {
        var id = new Argument<string>("name") { Description = "The name typed at login." };
        var label = new Option<string>("--for") { Description = "What it is for, shown in the person's list.", HelpName = "words", DefaultValueFactory = _ => "command line" };
        var days = new Option<int>("--days") { Description = $"Days for which it works, 1 to {PortalTokens.MaxDays}.", DefaultValueFactory = _ => PortalTokens.UsualDays }.Within(1, PortalTokens.MaxDays);
        var command = new Command("token", """
            Make a bearer token with which a player of another origin looks in as a person, and print it, once. It works until its end, until it is
            taken back, or until the person gets another password.

            Examples:
              mediarelay user token --data data ann --for "kitchen screen" --days 30
            """)
        { s_data, id, label, days };
        command.SetAction((parse, _) => RunAsync(parse.GetValue(s_data)!, $"user token {parse.GetValue(id)} for {parse.GetValue(label)}", async (storage, users) =>
        {
            PortalUser user = users.Find(parse.GetValue(id)!) ?? throw new FormatException($"There is no account {parse.GetValue(id)}.");
            var made = await new PortalTokens(storage, users, TimeProvider.System).CreateAsync(user, parse.GetValue(label)!, parse.GetValue(days))
                ?? throw new FormatException($"{user.Id} has too many tokens. Take some back with 'mediarelay user end-tokens'.");
            Console.WriteLine(made.Text);
        }));
        return command;
    }

    private static Command One(string name, string words, Func<SqliteStorage, PortalUsers, PortalUser, Task> action)
    {
        var id = new Argument<string>("name") { Description = "The name typed at login." };
        var command = new Command(name, $"""
            {words}

            Examples:
              mediarelay user {name} --data data ann
            """)
        { s_data, id };
        command.SetAction((parse, _) => RunAsync(parse.GetValue(s_data)!, $"user {name} {parse.GetValue(id)}", (storage, users) =>
            users.Find(parse.GetValue(id)!) is { } user ? action(storage, users, user) : throw new FormatException($"There is no account {parse.GetValue(id)}.")));
        return command;
    }

    /// <summary>A home exists as soon as somebody lives there; its gateway may enrol later.</summary>
    private static async Task EnsureHomeAsync(SqliteStorage storage, string home, string? gateway)
    {
        var homes = new HomeRecords(storage, TimeProvider.System);
        if (homes.Find(home) is not null)
            return;
        gateway ??= storage.Gateways.List("", 500).FirstOrDefault(g => g.Home == home)?.Id;
        if (gateway is null || !SmaContract.IsId(gateway) || !SmaContract.IsId(home))
            throw new FormatException($"Home {home} is new. Name its gateway with --gateway, e.g. --gateway gw-0001; ids have 1-64 characters A-Za-z0-9._-.");
        await homes.SaveAsync(new HomeRecord { Id = home, Name = home, Gateway = gateway });
        await storage.Gateways.SaveAsync((storage.Gateways.Find(gateway) ?? new GatewayRecord { Id = gateway, Home = home }) with { Home = home });
    }

    private static async Task SetAsync(PortalUsers users, PortalUser user)
    {
        string password = ClaimCode.Create();
        await users.SetPasswordAsync(user, password);
        Console.WriteLine(password);
    }

    private static Task<int> RunAsync(string data, string what, Func<SqliteStorage, PortalUsers, Task> action) => CaCommand.GuardAsync(async () =>
    {
        using SecretBox box = SecretBox.Open(Path.Combine(data, "secrets.key"));
        await using SqliteStorage storage = SqliteStorage.Open(data);
        using var users = new PortalUsers(storage, box, TimeProvider.System);
        await CommandAudit.RunAsync(storage, what, () => action(storage, users));
    });
}
