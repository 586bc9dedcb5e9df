// Generated from openapi.json by "npm run api"; never edited.

export interface paths {
    "/associations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Associations
         * @description What associations there were, and what to do about those that failed; each word of ``q`` occurs in one.
         *
         *     Whoever asks again and again should send the ETag along: most of the time nothing has changed.
         */
        get: operations["list_associations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/callers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Callers
         * @description Who was refused because we do not know them so.
         */
        get: operations["list_callers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/callers/dismiss": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Dismiss Caller
         * @description Forget that a caller was refused; it is named again if it calls again.
         */
        post: operations["dismiss_caller"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/callers/trust": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Trust Caller
         * @description Make a peer of a refused caller, at the address that it called from.
         */
        post: operations["trust_caller"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Changes
         * @description Server-sent events: which studies changed; resumes after Last-Event-ID.
         */
        get: operations["follow_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Jobs
         * @description One page of the jobs, the newest first.
         */
        get: operations["list_jobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Job
         * @description A job and the instances that were not accepted, at most the first thousand of them.
         */
        get: operations["read_job"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Job
         * @description End a job, undone; what was accepted stays where it is.
         */
        post: operations["cancel_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Job
         * @description Let a job rest until it is resumed; a running one stops after the instance at hand.
         */
        post: operations["pause_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Job
         * @description Go on with a paused job.
         */
        post: operations["resume_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{job_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry Job
         * @description Carry out a job again, or at once if it waits; sends only what was not accepted.
         */
        post: operations["retry_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Orders
         * @description One page of orders by start date and time; ``status`` may be several with commas between.
         */
        get: operations["list_orders"];
        put?: never;
        /**
         * Add Order
         * @description Keep a new order; modalities find it in their worklist at once.
         *
         *     Made of a performed procedure step that was reported without one, it has that step's status.
         */
        post: operations["add_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Order
         * @description One order.
         */
        get: operations["read_order"];
        /**
         * Change Order
         * @description Change what an order says; its status stays.
         */
        put: operations["change_order"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/procedure-steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Procedure Steps
         * @description What modalities have reported for an order by MPPS.
         */
        get: operations["list_procedure_steps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Order Status
         * @description Say that the patient arrived, that an order is cancelled, or scheduled again.
         */
        post: operations["set_order_status"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Peers
         * @description All peers, and when each was last associated with.
         */
        get: operations["list_peers"];
        put?: never;
        /**
         * Add Peer
         * @description Keep a new peer; it may call at once.
         */
        post: operations["add_peer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change Peer
         * @description Change a peer; its name stays.
         */
        put: operations["change_peer"];
        post?: never;
        /**
         * Remove Peer
         * @description Forget a peer; on associations in progress it may ask for nothing more.
         */
        delete: operations["remove_peer"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}/lane": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Lane
         * @description How many jobs a peer has, and whether they rest.
         */
        get: operations["read_lane"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Lane
         * @description Let all jobs of a peer rest, those too that come yet.
         */
        post: operations["pause_lane"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pull From Peer
         * @description Pull a study, or some series of it, from a peer; what is here already is not fetched again.
         */
        post: operations["pull_from_peer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Query Peer
         * @description Ask a peer what it has; it may take half a minute.
         */
        post: operations["query_peer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Lane
         * @description Let the jobs of a peer go on.
         */
        post: operations["resume_lane"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/peers/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test Peer
         * @description Test a peer, in under half a minute; with ``stores`` a small test object is stored there, which stays.
         */
        post: operations["test_peer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/procedure-steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Reported Steps
         * @description One page of what modalities reported; ``unscheduled`` only what no order belongs to.
         */
        get: operations["list_reported_steps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/routing-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Rules
         * @description All rules, in the order of their making.
         */
        get: operations["list_rules"];
        put?: never;
        /**
         * Add Rule
         * @description Keep a rule; it holds for what happens from now on.
         */
        post: operations["add_rule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/routing-rules/try": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try Rule
         * @description Look which of the newest studies a rule would be true of.
         */
        post: operations["try_rule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/routing-rules/{rule_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change Rule
         * @description Change a rule; one that is enabled by it holds from now on.
         */
        put: operations["change_rule"];
        post?: never;
        /**
         * Remove Rule
         * @description Forget a rule; jobs that it made stay.
         */
        delete: operations["remove_rule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Server
         * @description How this server is reached.
         */
        get: operations["read_server"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Studies
         * @description One page of the study list; each word of ``q`` occurs in name, ID, accession number or description.
         */
        get: operations["list_studies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Study
         * @description A study and its series.
         */
        get: operations["read_study"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/archive.zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Study
         * @description All instances of a study as a ZIP archive, byte for byte as stored.
         */
        get: operations["download_study"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send Study
         * @description Send a study, or some series of it, to a peer.
         */
        post: operations["send_study"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/series/{series}/archive.zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Series
         * @description All instances of a series as a ZIP archive, byte for byte as stored.
         */
        get: operations["download_series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/series/{series}/instances/{instance}/attributes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Attributes
         * @description All attributes of an instance, for people to read.
         */
        get: operations["read_attributes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/series/{series}/instances/{instance}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Instance
         * @description One instance as a file, byte for byte as stored; ``version`` names one that is not shown.
         */
        get: operations["download_instance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/totals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Totals
         * @description How much the archive holds.
         */
        get: operations["read_totals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload
         * @description Take one DICOM file or ZIP archive as the body.
         */
        post: operations["upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Association
         * @description One association, or the attempt of one; ``finding`` is empty where there is nothing to say about it.
         */
        Association: {
            /** Address */
            address: string;
            /** Advice */
            advice: string;
            /** Began Us */
            began_us: number;
            /** Bytes Received */
            bytes_received: number;
            /** Bytes Sent */
            bytes_sent: number;
            /** Called Ae Title */
            called_ae_title: string;
            /** Calling Ae Title */
            calling_ae_title: string;
            /** Contexts */
            contexts: components["schemas"]["Context"][];
            /**
             * Direction
             * @enum {string}
             */
            direction: "in" | "out";
            /** Ended Us */
            ended_us: number | null;
            /** Finding */
            finding: string;
            /** Id */
            id: number;
            /** Implementation */
            implementation: string;
            /** Is Ok */
            is_ok: boolean;
            /** Is Tls */
            is_tls: boolean;
            /** Messages */
            messages: components["schemas"]["Message"][];
            /** Outcome */
            outcome: string;
            /** Peer */
            peer: string | null;
            /** Reason */
            reason: string;
        };
        /**
         * AssociationPage
         * @description Some associations, the newest first; ask for those before the last ID for more.
         */
        AssociationPage: {
            /** Associations */
            associations: components["schemas"]["Association"][];
            /** Has More */
            has_more: boolean;
        };
        /**
         * Attribute
         * @description One attribute of a data set, for people to read; ``items`` is there for sequences.
         */
        Attribute: {
            /** Items */
            items: components["schemas"]["Attribute"][][] | null;
            /** Keyword */
            keyword: string;
            /** Length */
            length: number;
            /** Name */
            name: string;
            /** Tag */
            tag: string;
            /** Value */
            value: string;
            /** Vr */
            vr: string;
        };
        /**
         * Caller
         * @description Somebody who was refused; ``can_trust`` says whether making a peer of it would let it in.
         */
        Caller: {
            /** Address */
            address: string;
            /** Advice */
            advice: string;
            /** Ae Title */
            ae_title: string;
            /** Called Ae Title */
            called_ae_title: string;
            /** Can Trust */
            can_trust: boolean;
            /** Count */
            count: number;
            /** First Us */
            first_us: number;
            /** Last Us */
            last_us: number;
            /** Reason */
            reason: string;
        };
        /**
         * Callers
         * @description Who was refused and would be again, the latest first.
         */
        Callers: {
            /** Callers */
            callers: components["schemas"]["Caller"][];
        };
        /**
         * Check
         * @description One step of the test of a peer.
         */
        Check: {
            /** Advice */
            advice: string;
            /** Milliseconds */
            milliseconds: number;
            /**
             * Name
             * @enum {string}
             */
            name: "settings" | "address" | "connection" | "tls" | "association" | "echo" | "contexts" | "round-trip";
            /**
             * State
             * @enum {string}
             */
            state: "ok" | "warning" | "failed" | "skipped";
            /** Text */
            text: string;
        };
        /**
         * CodedConcept
         * @description A code, its coding scheme and what it means (PS3.3 8.8).
         */
        CodedConcept: {
            /** Codemeaning */
            CodeMeaning: string;
            /** Codevalue */
            CodeValue: string;
            /** Codingschemedesignator */
            CodingSchemeDesignator: string;
        };
        /**
         * Context
         * @description A presentation context as it was proposed, and the answer.
         */
        Context: {
            /** Abstract Syntax */
            abstract_syntax: string;
            accepted: components["schemas"]["Syntax"] | null;
            /** Name */
            name: string;
            /** Offered */
            offered: components["schemas"]["Syntax"][];
            /** Result */
            result: string;
        };
        /**
         * Dismissal
         * @description Which caller to forget.
         */
        Dismissal: {
            /** Address */
            address: string;
            /** Ae Title */
            ae_title: string;
        };
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
        };
        /**
         * Job
         * @description Work in the background; times in µs since 1970, UTC.
         *
         *     While all jobs of its peer rest (``is_peer_paused``), one that waits has no time of its next try.
         */
        Job: {
            /** Actor */
            actor: string;
            /** Attempts */
            attempts: number;
            /** Created Us */
            created_us: number;
            /** Done */
            done: number;
            /** Ended Us */
            ended_us: number | null;
            /** Failed Instances */
            failed_instances: number;
            /** Id */
            id: string;
            /** Is Peer Paused */
            is_peer_paused: boolean;
            /** Kind */
            kind: string;
            /** Next Try Us */
            next_try_us: number | null;
            /** Peer */
            peer: string;
            /** Started Us */
            started_us: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
            /** Study Instance Uid */
            study_instance_uid: string;
            /** Text */
            text: string;
            /** Title */
            title: string;
            /** Total */
            total: number;
        };
        /**
         * JobDetail
         * @description A job, with what was not accepted.
         */
        JobDetail: {
            /** Actor */
            actor: string;
            /** Attempts */
            attempts: number;
            /** Created Us */
            created_us: number;
            /** Done */
            done: number;
            /** Ended Us */
            ended_us: number | null;
            /** Failed Instances */
            failed_instances: number;
            /** Failures */
            failures: components["schemas"]["JobFailure"][];
            /** Id */
            id: string;
            /** Is Peer Paused */
            is_peer_paused: boolean;
            /** Kind */
            kind: string;
            /** Next Try Us */
            next_try_us: number | null;
            /** Peer */
            peer: string;
            /** Started Us */
            started_us: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
            /** Study Instance Uid */
            study_instance_uid: string;
            /** Text */
            text: string;
            /** Title */
            title: string;
            /** Total */
            total: number;
        };
        /**
         * JobFailure
         * @description An instance that a peer did not accept, or commit; ``status`` is what it answered, in hexadecimal digits.
         */
        JobFailure: {
            /** Sop Instance Uid */
            sop_instance_uid: string;
            /** Status */
            status: string | null;
            /** Text */
            text: string;
        };
        /**
         * JobPage
         * @description One page of jobs, the newest first; ``counts`` are of all states, whichever are shown.
         */
        JobPage: {
            /** Counts */
            counts: {
                [key: string]: number;
            };
            /** Jobs */
            jobs: components["schemas"]["Job"][];
            /** Page */
            page: number;
            /** Page Size */
            page_size: number;
            /** Total */
            total: number;
        };
        /**
         * KeptOrder
         * @description An order and how far it is; times in µs since 1970, UTC.
         */
        KeptOrder: {
            /**
             * Accessionnumber
             * @default
             */
            AccessionNumber: string;
            /**
             * Additionalpatienthistory
             * @default
             */
            AdditionalPatientHistory: string;
            /**
             * Admissionid
             * @default
             */
            AdmissionID: string;
            /**
             * Allergies
             * @default
             */
            Allergies: string;
            /**
             * Comments
             * @default
             */
            Comments: string;
            /**
             * Confidentialityconstraintonpatientdatadescription
             * @default
             */
            ConfidentialityConstraintOnPatientDataDescription: string;
            /**
             * Currentpatientlocation
             * @default
             */
            CurrentPatientLocation: string;
            /**
             * Ethnicgroup
             * @default
             */
            EthnicGroup: string;
            /**
             * Fillerordernumberimagingservicerequest
             * @default
             */
            FillerOrderNumberImagingServiceRequest: string;
            /**
             * Imagingservicerequestcomments
             * @default
             */
            ImagingServiceRequestComments: string;
            /**
             * Issuerofpatientid
             * @default
             */
            IssuerOfPatientID: string;
            /**
             * Lastmenstrualdate
             * @default
             */
            LastMenstrualDate: string;
            /**
             * Medicalalerts
             * @default
             */
            MedicalAlerts: string;
            /**
             * Modality
             * @default
             */
            Modality: string;
            /**
             * Namesofintendedrecipientsofresults
             * @default
             */
            NamesOfIntendedRecipientsOfResults: string;
            /**
             * Otherpatientids
             * @default
             */
            OtherPatientIDs: string;
            /**
             * Patientbirthdate
             * @default
             */
            PatientBirthDate: string;
            /**
             * Patientcomments
             * @default
             */
            PatientComments: string;
            /**
             * Patientid
             * @default
             */
            PatientID: string;
            /**
             * Patientname
             * @default
             */
            PatientName: string;
            /**
             * Patientsex
             * @default
             */
            PatientSex: string;
            /**
             * Patientsize
             * @default
             */
            PatientSize: string;
            /**
             * Patientstate
             * @default
             */
            PatientState: string;
            /**
             * Patienttransportarrangements
             * @default
             */
            PatientTransportArrangements: string;
            /**
             * Patientweight
             * @default
             */
            PatientWeight: string;
            /**
             * Placerordernumberimagingservicerequest
             * @default
             */
            PlacerOrderNumberImagingServiceRequest: string;
            /**
             * Premedication
             * @default
             */
            PreMedication: string;
            /**
             * Pregnancystatus
             * @default
             */
            PregnancyStatus: string;
            /**
             * Reasonfortherequestedprocedure
             * @default
             */
            ReasonForTheRequestedProcedure: string;
            /**
             * Referringphysicianname
             * @default
             */
            ReferringPhysicianName: string;
            /**
             * Requestedcontrastagent
             * @default
             */
            RequestedContrastAgent: string;
            /**
             * Requestedprocedurecodesequence
             * @default []
             */
            RequestedProcedureCodeSequence: components["schemas"]["CodedConcept"][];
            /**
             * Requestedprocedurecomments
             * @default
             */
            RequestedProcedureComments: string;
            /**
             * Requestedproceduredescription
             * @default
             */
            RequestedProcedureDescription: string;
            /**
             * Requestedprocedureid
             * @default
             */
            RequestedProcedureID: string;
            /**
             * Requestedprocedurelocation
             * @default
             */
            RequestedProcedureLocation: string;
            /**
             * Requestedprocedurepriority
             * @default
             */
            RequestedProcedurePriority: string;
            /**
             * Requestingphysician
             * @default
             */
            RequestingPhysician: string;
            /**
             * Requestingservice
             * @default
             */
            RequestingService: string;
            /**
             * Scheduledperformingphysicianname
             * @default
             */
            ScheduledPerformingPhysicianName: string;
            /**
             * Scheduledprocedurestepdescription
             * @default
             */
            ScheduledProcedureStepDescription: string;
            /**
             * Scheduledprocedurestependdate
             * @default
             */
            ScheduledProcedureStepEndDate: string;
            /**
             * Scheduledprocedurestependtime
             * @default
             */
            ScheduledProcedureStepEndTime: string;
            /**
             * Scheduledprocedurestepid
             * @default
             */
            ScheduledProcedureStepID: string;
            /**
             * Scheduledproceduresteplocation
             * @default
             */
            ScheduledProcedureStepLocation: string;
            /**
             * Scheduledprocedurestepstartdate
             * @default
             */
            ScheduledProcedureStepStartDate: string;
            /**
             * Scheduledprocedurestepstarttime
             * @default
             */
            ScheduledProcedureStepStartTime: string;
            /**
             * Scheduledprotocolcodesequence
             * @default []
             */
            ScheduledProtocolCodeSequence: components["schemas"]["CodedConcept"][];
            /**
             * Scheduledstationaetitle
             * @default
             */
            ScheduledStationAETitle: string;
            /**
             * Scheduledstationname
             * @default
             */
            ScheduledStationName: string;
            /**
             * Smokingstatus
             * @default
             */
            SmokingStatus: string;
            /**
             * Specialneeds
             * @default
             */
            SpecialNeeds: string;
            /**
             * Studyinstanceuid
             * @default
             */
            StudyInstanceUID: string;
            /** Created By */
            created_by: string;
            /** Created Us */
            created_us: number;
            /** Expected Instances */
            expected_instances: number | null;
            /** Id */
            id: number;
            /** Needs Attention */
            needs_attention: string;
            /** Received Instances */
            received_instances: number | null;
            /**
             * Status
             * @enum {string}
             */
            status: "scheduled" | "arrived" | "in progress" | "completed" | "discontinued" | "cancelled";
            /** Updated Us */
            updated_us: number;
        };
        /**
         * Lane
         * @description How busy the lane of a peer is.
         */
        Lane: {
            /** Is Paused */
            is_paused: boolean;
            /** Queued */
            queued: number;
            /** Running */
            running: number;
        };
        /**
         * Match
         * @description What must be true of an instance; what is empty is true of all. The description has ``*`` and ``?``.
         */
        Match: {
            /**
             * Modalities
             * @default []
             */
            modalities: string[];
            /**
             * Sop Classes
             * @default []
             */
            sop_classes: string[];
            /**
             * Source Ae Titles
             * @default []
             */
            source_ae_titles: string[];
            /**
             * Station Names
             * @default []
             */
            station_names: string[];
            /**
             * Study Description
             * @default
             */
            study_description: string;
        };
        /**
         * MatchingStudies
         * @description The newest studies that match, and how many there are; no more than 10,000 are counted.
         */
        MatchingStudies: {
            /** Count */
            count: number;
            /** Studies */
            studies: components["schemas"]["MatchingStudy"][];
        };
        /**
         * MatchingStudy
         * @description A study that a rule would be true of.
         */
        MatchingStudy: {
            /** Patientname */
            PatientName: string;
            /** Studydate */
            StudyDate: string;
            /** Studydescription */
            StudyDescription: string;
            /** Studyinstanceuid */
            StudyInstanceUID: string;
        };
        /**
         * Message
         * @description How many answers of one kind were given or taken.
         */
        Message: {
            /** Count */
            count: number;
            /** Meaning */
            meaning: string;
            /** Name */
            name: string;
            /** Status */
            status: string;
        };
        /**
         * NewOrder
         * @description An order, by the keywords of its attributes; IDs and UIDs left empty are made.
         *
         *     Dates are YYYYMMDD, times HHMM or HHMMSS, names as in DICOM (``Doe^Jane``), several values have a backslash between.
         */
        NewOrder: {
            /**
             * Accessionnumber
             * @default
             */
            AccessionNumber: string;
            /**
             * Additionalpatienthistory
             * @default
             */
            AdditionalPatientHistory: string;
            /**
             * Admissionid
             * @default
             */
            AdmissionID: string;
            /**
             * Allergies
             * @default
             */
            Allergies: string;
            /**
             * Comments
             * @default
             */
            Comments: string;
            /**
             * Confidentialityconstraintonpatientdatadescription
             * @default
             */
            ConfidentialityConstraintOnPatientDataDescription: string;
            /**
             * Currentpatientlocation
             * @default
             */
            CurrentPatientLocation: string;
            /**
             * Ethnicgroup
             * @default
             */
            EthnicGroup: string;
            /**
             * Fillerordernumberimagingservicerequest
             * @default
             */
            FillerOrderNumberImagingServiceRequest: string;
            /**
             * Imagingservicerequestcomments
             * @default
             */
            ImagingServiceRequestComments: string;
            /**
             * Issuerofpatientid
             * @default
             */
            IssuerOfPatientID: string;
            /**
             * Lastmenstrualdate
             * @default
             */
            LastMenstrualDate: string;
            /**
             * Medicalalerts
             * @default
             */
            MedicalAlerts: string;
            /**
             * Modality
             * @default
             */
            Modality: string;
            /**
             * Namesofintendedrecipientsofresults
             * @default
             */
            NamesOfIntendedRecipientsOfResults: string;
            /**
             * Otherpatientids
             * @default
             */
            OtherPatientIDs: string;
            /**
             * Patientbirthdate
             * @default
             */
            PatientBirthDate: string;
            /**
             * Patientcomments
             * @default
             */
            PatientComments: string;
            /**
             * Patientid
             * @default
             */
            PatientID: string;
            /**
             * Patientname
             * @default
             */
            PatientName: string;
            /**
             * Patientsex
             * @default
             */
            PatientSex: string;
            /**
             * Patientsize
             * @default
             */
            PatientSize: string;
            /**
             * Patientstate
             * @default
             */
            PatientState: string;
            /**
             * Patienttransportarrangements
             * @default
             */
            PatientTransportArrangements: string;
            /**
             * Patientweight
             * @default
             */
            PatientWeight: string;
            /**
             * Placerordernumberimagingservicerequest
             * @default
             */
            PlacerOrderNumberImagingServiceRequest: string;
            /**
             * Premedication
             * @default
             */
            PreMedication: string;
            /**
             * Pregnancystatus
             * @default
             */
            PregnancyStatus: string;
            /**
             * Reasonfortherequestedprocedure
             * @default
             */
            ReasonForTheRequestedProcedure: string;
            /**
             * Referringphysicianname
             * @default
             */
            ReferringPhysicianName: string;
            /**
             * Requestedcontrastagent
             * @default
             */
            RequestedContrastAgent: string;
            /**
             * Requestedprocedurecodesequence
             * @default []
             */
            RequestedProcedureCodeSequence: components["schemas"]["CodedConcept"][];
            /**
             * Requestedprocedurecomments
             * @default
             */
            RequestedProcedureComments: string;
            /**
             * Requestedproceduredescription
             * @default
             */
            RequestedProcedureDescription: string;
            /**
             * Requestedprocedureid
             * @default
             */
            RequestedProcedureID: string;
            /**
             * Requestedprocedurelocation
             * @default
             */
            RequestedProcedureLocation: string;
            /**
             * Requestedprocedurepriority
             * @default
             */
            RequestedProcedurePriority: string;
            /**
             * Requestingphysician
             * @default
             */
            RequestingPhysician: string;
            /**
             * Requestingservice
             * @default
             */
            RequestingService: string;
            /**
             * Scheduledperformingphysicianname
             * @default
             */
            ScheduledPerformingPhysicianName: string;
            /**
             * Scheduledprocedurestepdescription
             * @default
             */
            ScheduledProcedureStepDescription: string;
            /**
             * Scheduledprocedurestependdate
             * @default
             */
            ScheduledProcedureStepEndDate: string;
            /**
             * Scheduledprocedurestependtime
             * @default
             */
            ScheduledProcedureStepEndTime: string;
            /**
             * Scheduledprocedurestepid
             * @default
             */
            ScheduledProcedureStepID: string;
            /**
             * Scheduledproceduresteplocation
             * @default
             */
            ScheduledProcedureStepLocation: string;
            /**
             * Scheduledprocedurestepstartdate
             * @default
             */
            ScheduledProcedureStepStartDate: string;
            /**
             * Scheduledprocedurestepstarttime
             * @default
             */
            ScheduledProcedureStepStartTime: string;
            /**
             * Scheduledprotocolcodesequence
             * @default []
             */
            ScheduledProtocolCodeSequence: components["schemas"]["CodedConcept"][];
            /**
             * Scheduledstationaetitle
             * @default
             */
            ScheduledStationAETitle: string;
            /**
             * Scheduledstationname
             * @default
             */
            ScheduledStationName: string;
            /**
             * Smokingstatus
             * @default
             */
            SmokingStatus: string;
            /**
             * Specialneeds
             * @default
             */
            SpecialNeeds: string;
            /**
             * Studyinstanceuid
             * @default
             */
            StudyInstanceUID: string;
        };
        /**
         * NewPeer
         * @description A remote system: who it is, where, and what it may ask of us.
         */
        NewPeer: {
            /** Ae Title */
            ae_title: string;
            /**
             * Character Set
             * @default
             */
            character_set: string;
            /**
             * Description
             * @default
             */
            description: string;
            /** Host */
            host?: string | null;
            /**
             * Max Parallel
             * @default 2
             */
            max_parallel: number;
            /**
             * May
             * @default [
             *       "store",
             *       "search",
             *       "worklist",
             *       "procedure-step",
             *       "commit"
             *     ]
             */
            may: ("store" | "search" | "retrieve" | "worklist" | "procedure-step" | "commit" | "work-item")[];
            /** Name */
            name: string;
            /** Port */
            port?: number | null;
            /**
             * Transfer Syntaxes
             * @default []
             */
            transfer_syntaxes: string[];
            /**
             * Uses Tls
             * @default false
             */
            uses_tls: boolean;
            /**
             * Wants Availability
             * @default false
             */
            wants_availability: boolean;
        };
        /**
         * NewRule
         * @description A rule to be kept. "received" sends each instance that matches, "complete" a study with any such instance.
         *
         *     With ``asks_commitment`` each peer is asked, by a job of its own, to commit what it accepted.
         */
        NewRule: {
            /**
             * Asks Commitment
             * @default false
             */
            asks_commitment: boolean;
            /** Destinations */
            destinations: string[];
            /**
             * Is Enabled
             * @default true
             */
            is_enabled: boolean;
            /**
             * @default {
             *       "modalities": [],
             *       "sop_classes": [],
             *       "source_ae_titles": [],
             *       "station_names": [],
             *       "study_description": ""
             *     }
             */
            match: components["schemas"]["Match"];
            /** Name */
            name: string;
            /**
             * When
             * @default complete
             * @enum {string}
             */
            when: "complete" | "received";
        };
        /**
         * NewStatus
         * @description Which status an order is to have.
         */
        NewStatus: {
            /**
             * Status
             * @enum {string}
             */
            status: "scheduled" | "arrived" | "in progress" | "completed" | "discontinued" | "cancelled";
        };
        /**
         * OrderPage
         * @description One page of orders, by start date and time.
         */
        OrderPage: {
            /** Orders */
            orders: components["schemas"]["KeptOrder"][];
            /** Page */
            page: number;
            /** Page Size */
            page_size: number;
            /** Total */
            total: number;
        };
        /**
         * PatientWithSameId
         * @description Another patient under the same Patient ID and issuer.
         */
        PatientWithSameId: {
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientname */
            PatientName: string;
            /** Number Of Studies */
            number_of_studies: number;
            /** Patient Key */
            patient_key: number;
        };
        /**
         * Peer
         * @description A peer that is kept; those of the settings cannot be changed here.
         */
        Peer: {
            /** Ae Title */
            ae_title: string;
            /**
             * Character Set
             * @default
             */
            character_set: string;
            /**
             * Description
             * @default
             */
            description: string;
            /** Host */
            host?: string | null;
            /** Last Outcome */
            last_outcome: string | null;
            /** Last Seen Us */
            last_seen_us: number | null;
            /**
             * Max Parallel
             * @default 2
             */
            max_parallel: number;
            /**
             * May
             * @default [
             *       "store",
             *       "search",
             *       "worklist",
             *       "procedure-step",
             *       "commit"
             *     ]
             */
            may: ("store" | "search" | "retrieve" | "worklist" | "procedure-step" | "commit" | "work-item")[];
            /** Name */
            name: string;
            /**
             * Origin
             * @enum {string}
             */
            origin: "app" | "settings";
            /** Port */
            port?: number | null;
            /**
             * Transfer Syntaxes
             * @default []
             */
            transfer_syntaxes: string[];
            /**
             * Uses Tls
             * @default false
             */
            uses_tls: boolean;
            /**
             * Wants Availability
             * @default false
             */
            wants_availability: boolean;
        };
        /**
         * PeerTest
         * @description What the test of a peer found out.
         */
        PeerTest: {
            /** Checks */
            checks: components["schemas"]["Check"][];
            /** Is Ok */
            is_ok: boolean;
        };
        /**
         * Peers
         * @description All peers, those of the settings first, then by name.
         */
        Peers: {
            /** Peers */
            peers: components["schemas"]["Peer"][];
        };
        /**
         * PerformedSeries
         * @description A series that a scanner says it made, and how much of it is here.
         */
        PerformedSeries: {
            /** Seriesdescription */
            SeriesDescription: string;
            /** Seriesinstanceuid */
            SeriesInstanceUID: string;
            /** Received Instances */
            received_instances: number;
            /** Referenced Instances */
            referenced_instances: number;
        };
        /**
         * Problem
         * @description An error (RFC 9457).
         */
        Problem: {
            /** Detail */
            detail: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
        };
        /**
         * ProcedureStep
         * @description A performed procedure step; began and ended as DICOM writes date and time.
         */
        ProcedureStep: {
            /** Began */
            began: string;
            /** Description */
            description: string;
            /** Discontinuation Reason */
            discontinuation_reason: string;
            /** Ended */
            ended: string;
            /** Modality */
            modality: string;
            /** Series */
            series: components["schemas"]["PerformedSeries"][];
            /** Sop Instance Uid */
            sop_instance_uid: string;
            /** Station Ae Title */
            station_ae_title: string;
            /** Status */
            status: string;
        };
        /**
         * ProcedureStepList
         * @description What was performed for an order.
         */
        ProcedureStepList: {
            /** Procedure Steps */
            procedure_steps: components["schemas"]["ProcedureStep"][];
        };
        /**
         * Pull
         * @description Which study to pull, or which series of it.
         */
        Pull: {
            /**
             * Patientid
             * @default
             */
            PatientID: string;
            /**
             * Seriesinstanceuids
             * @default []
             */
            SeriesInstanceUIDs: string[];
            /** Studyinstanceuid */
            StudyInstanceUID: string;
        };
        /**
         * RemoteMatches
         * @description What a peer answered: attributes by keyword, and of each match ``is_here`` and ``number_here``.
         */
        RemoteMatches: {
            /** Has More */
            has_more: boolean;
            /** Matches */
            matches: {
                [key: string]: unknown;
            }[];
            /** Milliseconds */
            milliseconds: number;
            /** Warnings */
            warnings: string[];
        };
        /**
         * RemoteSearch
         * @description What to ask a peer for: values by keyword, wildcards and ranges as in C-FIND.
         */
        RemoteSearch: {
            /**
             * Level
             * @enum {string}
             */
            level: "study" | "series" | "instance";
            /**
             * Limit
             * @default 200
             */
            limit: number;
            /**
             * Match
             * @default {}
             */
            match: {
                [key: string]: string | string[];
            };
        };
        /**
         * ReportedStep
         * @description A performed procedure step with whom it was for, as the modality says.
         */
        ReportedStep: {
            /** Accessionnumber */
            AccessionNumber: string;
            /** Issuerofpatientid */
            IssuerOfPatientID: string;
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientid */
            PatientID: string;
            /** Patientname */
            PatientName: string;
            /** Patientsex */
            PatientSex: string;
            /** Requestedproceduredescription */
            RequestedProcedureDescription: string;
            /** Requestedprocedureid */
            RequestedProcedureID: string;
            /** Scheduledprocedurestepdescription */
            ScheduledProcedureStepDescription: string;
            /** Scheduledprocedurestepid */
            ScheduledProcedureStepID: string;
            /** Studyinstanceuid */
            StudyInstanceUID: string;
            /** Began */
            began: string;
            /** Description */
            description: string;
            /** Discontinuation Reason */
            discontinuation_reason: string;
            /** Ended */
            ended: string;
            /** Is Study Here */
            is_study_here: boolean;
            /** Modality */
            modality: string;
            /** Series */
            series: components["schemas"]["PerformedSeries"][];
            /** Sop Instance Uid */
            sop_instance_uid: string;
            /** Station Ae Title */
            station_ae_title: string;
            /** Status */
            status: string;
        };
        /**
         * ReportedStepPage
         * @description One page of performed procedure steps, what was reported last first.
         */
        ReportedStepPage: {
            /** Page */
            page: number;
            /** Page Size */
            page_size: number;
            /** Procedure Steps */
            procedure_steps: components["schemas"]["ReportedStep"][];
            /** Total */
            total: number;
        };
        /**
         * Representative
         * @description The image that stands for a series; ``frame_number`` counts from 1.
         */
        Representative: {
            /** Sopinstanceuid */
            SOPInstanceUID: string;
            /** Frame Number */
            frame_number: number;
        };
        /**
         * Rule
         * @description A rule that is kept; times in µs since 1970, UTC.
         */
        Rule: {
            /**
             * Asks Commitment
             * @default false
             */
            asks_commitment: boolean;
            /** Created Us */
            created_us: number;
            /** Destinations */
            destinations: string[];
            /** Id */
            id: string;
            /**
             * Is Enabled
             * @default true
             */
            is_enabled: boolean;
            /** Last Job Us */
            last_job_us: number | null;
            /**
             * @default {
             *       "modalities": [],
             *       "sop_classes": [],
             *       "source_ae_titles": [],
             *       "station_names": [],
             *       "study_description": ""
             *     }
             */
            match: components["schemas"]["Match"];
            /** Name */
            name: string;
            /** Updated Us */
            updated_us: number;
            /**
             * When
             * @default complete
             * @enum {string}
             */
            when: "complete" | "received";
        };
        /**
         * Rules
         * @description All rules, in the order of their making.
         */
        Rules: {
            /** Rules */
            rules: components["schemas"]["Rule"][];
        };
        /**
         * Sending
         * @description Where to send a study, or some series of it; the peer may be asked to commit what it accepted.
         */
        Sending: {
            /**
             * Asks Commitment
             * @default false
             */
            asks_commitment: boolean;
            /** Peer */
            peer: string;
            /**
             * Series Instance Uids
             * @default []
             */
            series_instance_uids: string[];
        };
        /**
         * Series
         * @description A series of a study.
         */
        Series: {
            /** Bodypartexamined */
            BodyPartExamined: string;
            /** Modality */
            Modality: string;
            /** Numberofseriesrelatedinstances */
            NumberOfSeriesRelatedInstances: number;
            /** Protocolname */
            ProtocolName: string;
            /** Seriesdescription */
            SeriesDescription: string;
            /** Seriesinstanceuid */
            SeriesInstanceUID: string;
            /** Seriesnumber */
            SeriesNumber: number | null;
            /** Is Image */
            is_image: boolean;
            /** Number Of Frames */
            number_of_frames: number;
            representative: components["schemas"]["Representative"] | null;
            /** Size Bytes */
            size_bytes: number;
            /** Sop Classes */
            sop_classes: components["schemas"]["SopClass"][];
            /** Thumbnail Url */
            thumbnail_url: string | null;
        };
        /**
         * Server
         * @description How this server is reached.
         */
        Server: {
            /** Ae Title */
            ae_title: string;
            /** Dicom Host */
            dicom_host: string;
            /** Dicom Port */
            dicom_port: number;
            /** Dicom Tls Port */
            dicom_tls_port: number | null;
            /** Dicomweb Url */
            dicomweb_url: string;
            /** Is Demo */
            is_demo: boolean;
            /**
             * Unknown Peers
             * @enum {string}
             */
            unknown_peers: "refuse" | "accept";
            /** Version */
            version: string;
        };
        /**
         * SopClass
         * @description A SOP class and what it is called.
         */
        SopClass: {
            /** Name */
            name: string;
            /** Uid */
            uid: string;
        };
        /**
         * Study
         * @description A study in the list.
         */
        Study: {
            /** Accessionnumber */
            AccessionNumber: string;
            /** Issuerofpatientid */
            IssuerOfPatientID: string;
            /** Modalitiesinstudy */
            ModalitiesInStudy: string[];
            /** Numberofstudyrelatedinstances */
            NumberOfStudyRelatedInstances: number;
            /** Numberofstudyrelatedseries */
            NumberOfStudyRelatedSeries: number;
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientid */
            PatientID: string;
            /** Patientname */
            PatientName: string;
            /** Patientsex */
            PatientSex: string;
            /** Referringphysicianname */
            ReferringPhysicianName: string;
            /** Studydate */
            StudyDate: string;
            /** Studydescription */
            StudyDescription: string;
            /** Studyid */
            StudyID: string;
            /** Studyinstanceuid */
            StudyInstanceUID: string;
            /** Studytime */
            StudyTime: string;
            /** Expected Instances */
            expected_instances?: number | null;
            /** First Received At */
            first_received_at: string;
            /** Identity Conflict */
            identity_conflict: boolean;
            /** Last Received At */
            last_received_at: string;
            /** Patient Key */
            patient_key: number;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Status
             * @enum {string}
             */
            status: "receiving" | "complete";
            /** Version Conflicts */
            version_conflicts: number;
        };
        /**
         * StudyDetail
         * @description A study with its series.
         */
        StudyDetail: {
            /** Accessionnumber */
            AccessionNumber: string;
            /** Issuerofpatientid */
            IssuerOfPatientID: string;
            /** Modalitiesinstudy */
            ModalitiesInStudy: string[];
            /** Numberofstudyrelatedinstances */
            NumberOfStudyRelatedInstances: number;
            /** Numberofstudyrelatedseries */
            NumberOfStudyRelatedSeries: number;
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientid */
            PatientID: string;
            /** Patientname */
            PatientName: string;
            /** Patientsex */
            PatientSex: string;
            /** Referringphysicianname */
            ReferringPhysicianName: string;
            /** Studydate */
            StudyDate: string;
            /** Studydescription */
            StudyDescription: string;
            /** Studyid */
            StudyID: string;
            /** Studyinstanceuid */
            StudyInstanceUID: string;
            /** Studytime */
            StudyTime: string;
            /** Expected Instances */
            expected_instances?: number | null;
            /** First Received At */
            first_received_at: string;
            /** Identity Conflict */
            identity_conflict: boolean;
            /** Last Received At */
            last_received_at: string;
            /** Patient Key */
            patient_key: number;
            /** Same Patient Id */
            same_patient_id: components["schemas"]["PatientWithSameId"][];
            /** Series */
            series: components["schemas"]["Series"][];
            /** Size Bytes */
            size_bytes: number;
            /**
             * Status
             * @enum {string}
             */
            status: "receiving" | "complete";
            /** Version Conflicts */
            version_conflicts: number;
        };
        /**
         * StudyPage
         * @description One page of the study list; ``total`` is a lower bound unless ``total_is_exact``.
         */
        StudyPage: {
            /** Page */
            page: number;
            /** Page Size */
            page_size: number;
            /** Studies */
            studies: components["schemas"]["Study"][];
            /** Total */
            total: number;
            /** Total Is Exact */
            total_is_exact: boolean;
        };
        /**
         * Syntax
         * @description A transfer syntax and what it is called.
         */
        Syntax: {
            /** Name */
            name: string;
            /** Uid */
            uid: string;
        };
        /**
         * Totals
         * @description How much the archive holds, and how much more fits.
         */
        Totals: {
            /** Free Bytes */
            free_bytes: number;
            /** Instances */
            instances: number;
            /** Patients */
            patients: number;
            /** Series */
            series: number;
            /** Size Bytes */
            size_bytes: number;
            /** Studies */
            studies: number;
        };
        /**
         * Trial
         * @description What to look for.
         */
        Trial: {
            match: components["schemas"]["Match"];
        };
        /**
         * Trust
         * @description Which caller to make a peer of.
         */
        Trust: {
            /** Address */
            address: string;
            /** Ae Title */
            ae_title: string;
            /** May */
            may?: ("store" | "search" | "retrieve" | "worklist" | "procedure-step" | "commit" | "work-item")[] | null;
            /**
             * Name
             * @default
             */
            name: string;
        };
        /**
         * UploadResult
         * @description What became of one uploaded file, or of one member of an uploaded ZIP archive.
         */
        UploadResult: {
            /** Patientname */
            PatientName: string | null;
            /** Sopinstanceuid */
            SOPInstanceUID: string | null;
            /** Studyinstanceuid */
            StudyInstanceUID: string | null;
            /** Name */
            name: string;
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "stored" | "duplicate" | "version" | "skipped" | "failed";
            /** Reason */
            reason: string | null;
        };
        /**
         * UploadResults
         * @description What became of an upload.
         */
        UploadResults: {
            /** Results */
            results: components["schemas"]["UploadResult"][];
        };
        /** ValidationError */
        ValidationError: {
            /** Context */
            ctx?: Record<string, never>;
            /** Input */
            input?: unknown;
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_associations: {
        parameters: {
            query?: {
                direction?: "in" | "out" | "";
                peer?: string;
                outcome?: "ok" | "failed" | "open" | "";
                q?: string;
                before?: number | null;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssociationPage"];
                };
            };
            /** @description Nothing has changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_callers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Callers"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    dismiss_caller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Dismissal"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    trust_caller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Trust"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Peer"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    follow_changes: {
        parameters: {
            query?: never;
            header?: {
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_jobs: {
        parameters: {
            query?: {
                state?: ("queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled")[] | null;
                kind?: string;
                peer?: string;
                study_instance_uid?: string;
                page?: number;
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobDetail"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    cancel_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    pause_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    resume_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    retry_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_orders: {
        parameters: {
            query?: {
                q?: string;
                date?: string;
                status?: string;
                Modality?: string;
                ScheduledStationAETitle?: string;
                PatientID?: string;
                needs_attention?: boolean;
                page?: number;
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    add_order: {
        parameters: {
            query?: {
                procedure_step_uid?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptOrder"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptOrder"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    change_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptOrder"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_procedure_steps: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProcedureStepList"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    set_order_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                order_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewStatus"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeptOrder"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_peers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Peers"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_peer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPeer"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Peer"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    change_peer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPeer"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Peer"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    remove_peer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_lane: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lane"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    pause_lane: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lane"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    pull_from_peer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Pull"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    query_peer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RemoteSearch"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemoteMatches"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    resume_lane: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lane"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    test_peer: {
        parameters: {
            query?: {
                stores?: boolean;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PeerTest"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_reported_steps: {
        parameters: {
            query?: {
                date?: string;
                unscheduled?: boolean;
                page?: number;
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportedStepPage"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    list_rules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rules"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_rule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRule"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rule"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    try_rule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Trial"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MatchingStudies"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    change_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                rule_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRule"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rule"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    remove_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                rule_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_server: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_studies: {
        parameters: {
            query?: {
                q?: string | null;
                StudyDate?: string | null;
                ModalitiesInStudy?: string[] | null;
                PatientID?: string | null;
                PatientName?: string | null;
                AccessionNumber?: string | null;
                StudyInstanceUID?: string | null;
                status?: ("receiving" | "complete") | null;
                sort?: string | null;
                page?: number;
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudyPage"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_study: {
        parameters: {
            query?: {
                patient_key?: number | null;
            };
            header?: never;
            path: {
                study: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudyDetail"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    download_study: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    send_study: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Sending"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    download_series: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
                series: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_attributes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
                series: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attribute"][];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    download_instance: {
        parameters: {
            query?: {
                version?: number | null;
            };
            header?: never;
            path: {
                study: string;
                series: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_totals: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Totals"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    upload: {
        parameters: {
            query?: {
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResults"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
}
