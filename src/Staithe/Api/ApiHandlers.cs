namespace Staithe.Api;

/// <summary>What carries out the operations of the table and needs something to do so.</summary>
internal sealed class ApiHandlers
{
    public required MyHandlers My { get; init; }

    public required UserHandlers Users { get; init; }

    public required RobotHandlers Robots { get; init; }

    public required ShareLinkHandlers Links { get; init; }

    public required InvitationHandlers Invitations { get; init; }

    public required OwnerHandlers Owners { get; init; }

    public required MoveHandlers Moves { get; init; }

    public required ContentHandlers Content { get; init; }

    public required ImageHandlers Images { get; init; }

    public required SearchHandlers Search { get; init; }

    public required StorageHandlers Storage { get; init; }
}
