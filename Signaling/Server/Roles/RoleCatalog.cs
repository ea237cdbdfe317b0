namespace MediaRelay.Server.Roles;

/// <summary>Every role that the program has. To add one: write <c>XRole.cs</c> beside this file and add it to the list.</summary>
internal static class RoleCatalog
{
    public static IReadOnlyList<Role> All { get; } =
    [
        new TurnRole(),
        new QosRole(),
        new SignalingRole(),
        new MediaRole(),
    ];
}
